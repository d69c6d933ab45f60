import { notFound } from "../http/errors.ts";
import { paginated } from "../http/pagination.ts";
import { created, noContent, ok, type RepositoryCall, type Router } from "../http/router.ts";
import { rulesOf } from "../protection.ts";
import type { Ruleset, RulesetRule } from "../protection-state.ts";
import { nodeId, type Schema, timestamp } from "../shapes/schema.ts";
import { fullName } from "../state.ts";

/** https://docs.github.com/rest/repos/rules */
export function rulesetRoutes(router: Router): void {
  const read = { needs: ["metadata:read" as const] };
  const write = { needs: ["administration:write" as const], role: "admin" as const };
  router.repo("GET /rules/branches/{branch*}", read, (call) =>
    paginated(call, rulesOf(call.repository, call.params.branch ?? ""), ({ rule, ruleset }) => ({
      ...rule,
      ruleset_source_type: "Repository",
      ruleset_source: fullName(call.repository),
      ruleset_id: ruleset.id,
    })),
  );
  router.repo("GET /rulesets", read, (call) =>
    paginated(call, call.repository.rulesets, (ruleset) => shape(call, ruleset, false)),
  );
  router.repo("POST /rulesets", write, (call) => {
    const now = call.site.now();
    const ruleset = { id: call.site.state.nextId(), createdAt: now, ...parse(call) };
    call.repository.rulesets.push(ruleset);
    return created(shape(call, ruleset, true));
  });
  router.repo("GET /rulesets/{ruleset_id}", read, (call) => ok(shape(call, rulesetIn(call), true)));
  router.repo("PUT /rulesets/{ruleset_id}", write, (call) => {
    const ruleset = rulesetIn(call);
    Object.assign(ruleset, parse(call, ruleset));
    return ok(shape(call, ruleset, true));
  });
  router.repo("DELETE /rulesets/{ruleset_id}", write, (call) => {
    const ruleset = rulesetIn(call);
    call.repository.rulesets = call.repository.rulesets.filter((other) => other !== ruleset);
    return noContent();
  });
}

function rulesetIn(call: RepositoryCall): Ruleset {
  const ruleset = call.repository.rulesets.find(({ id }) => id === Number(call.params.ruleset_id));
  if (!ruleset) throw notFound();
  return ruleset;
}

function parse(call: RepositoryCall, known?: Ruleset): Omit<Ruleset, "id" | "createdAt"> {
  const { body } = call;
  const conditions = body.object("conditions")?.object("ref_name");
  const rules = body.objects("rules")?.map((rule) => {
    rule.string("type");
    return rule.json as unknown as RulesetRule;
  });
  return {
    name: known ? (body.optionalString("name") ?? known.name) : body.string("name"),
    target: body.optionalOneOf("target", ["branch", "tag", "push"]) ?? known?.target ?? "branch",
    enforcement: known
      ? (body.optionalOneOf("enforcement", enforcements) ?? known.enforcement)
      : body.oneOf("enforcement", enforcements),
    include: conditions?.strings("include") ?? known?.include ?? [],
    exclude: conditions?.strings("exclude") ?? known?.exclude ?? [],
    rules: rules ?? known?.rules ?? [],
    updatedAt: call.site.now(),
  };
}

const enforcements = ["disabled", "active", "evaluate"] as const;

function shape(call: RepositoryCall, ruleset: Ruleset, whole: boolean): Schema<"repository-ruleset"> {
  const url = `${call.site.url}/repos/${fullName(call.repository)}/rulesets/${ruleset.id}`;
  return {
    id: ruleset.id,
    name: ruleset.name,
    target: ruleset.target,
    source_type: "Repository",
    source: fullName(call.repository),
    enforcement: ruleset.enforcement,
    node_id: nodeId("RepositoryRuleset", ruleset.id),
    _links: {
      self: { href: url },
      html: { href: `${call.site.url}/${fullName(call.repository)}/rules/${ruleset.id}` },
    },
    created_at: timestamp(ruleset.createdAt),
    updated_at: timestamp(ruleset.updatedAt),
    ...(whole
      ? {
          conditions: { ref_name: { include: ruleset.include, exclude: ruleset.exclude } },
          rules: ruleset.rules as Schema<"repository-rule">[],
          bypass_actors: [],
          current_user_can_bypass: "never" as const,
        }
      : {}),
  };
}
