import { accountOf, appOfActor } from "../auth.ts";
import { commitsBetween } from "../git/graph.ts";
import { notFound } from "../http/errors.ts";
import { paginated } from "../http/pagination.ts";
import { created, noContent, ok, type RepositoryCall, type Router } from "../http/router.ts";
import { requireTitle } from "../issues.ts";
import { mergePull, updateBranch } from "../merge.ts";
import { requestMergeability } from "../mergeable-state.ts";
import { emitPull, fullPull, pullFiles } from "../pull-events.ts";
import type { Pull } from "../pull-state.ts";
import { closePull, editPull, openPull, pullOf, reopenPull } from "../pulls.ts";
import { accountShape } from "../shapes/account.ts";
import { commitShape, diffEntryShape } from "../shapes/commit.ts";
import { pullSummaryShape } from "../shapes/pull-request.ts";
import { rawDiff } from "./raw-diff.ts";

const read = { needs: ["pull_requests:read"] } as const;
const MAX_FILES = 3000;
const MAX_COMMITS = 250;

/** https://docs.github.com/rest/pulls/pulls */
export function pullRoutes(router: Router): void {
  const reads = { needs: [...read.needs] };
  router.repo("GET /pulls", reads, list);
  router.repo("POST /pulls", { needs: ["pull_requests:write"], role: "read" }, async (call) => {
    const { body, site, actor } = call;
    const draft = {
      head: body.string("head"),
      base: body.string("base"),
      title: requireTitle(body.string("title")),
      body: body.optionalString("body") ?? null,
      draft: body.boolean("draft", false),
    };
    const pull = await openPull(site, call.repository, draft, accountOf(actor), appOfActor(actor));
    return created(await fullPull(site, pull));
  });
  router.repo("GET /pulls/{pull_number}", reads, get);
  router.repo("PATCH /pulls/{pull_number}", { needs: ["pull_requests:write"], role: "read" }, edit);
  router.repo("GET /pulls/{pull_number}/files", reads, async (call) => {
    const pull = pullIn(call);
    const files = (await pullFiles(pull)).slice(0, MAX_FILES);
    return paginated(call, files, (file) => diffEntryShape(call.site.url, call.repository, pull.head.sha, file));
  });
  router.repo("GET /pulls/{pull_number}/commits", reads, async (call) => {
    const pull = pullIn(call);
    const commits = await commitsBetween(call.repository.git.network.store, pull.base.sha, pull.head.sha);
    return paginated(call, commits.slice(0, MAX_COMMITS), (commit) =>
      commitShape(call.site.url, call.site.state, call.repository, commit),
    );
  });
  router.repo("GET /pulls/{pull_number}/merge", reads, (call) => {
    if (!pullIn(call).merged) throw notFound();
    return noContent();
  });
  router.repo("PUT /pulls/{pull_number}/merge", { needs: ["contents:write"], role: "write" }, merge);
  router.repo(
    "PUT /pulls/{pull_number}/update-branch",
    { needs: ["pull_requests:write"], role: "write" },
    async (call) => {
      const pull = pullIn(call);
      await updateBranch(call.site, pull, call.body.optionalString("expected_head_sha"), accountOf(call.actor));
      return {
        status: 202,
        body: {
          message: "Updating pull request branch.",
          url: `${call.site.url}/repos/${call.repository.owner.login}/${call.repository.name}/pulls/${pull.number}`,
        },
      };
    },
  );
  router.repo("GET /pulls/{pull_number}/requested_reviewers", reads, (call) =>
    ok({ users: pullIn(call).requestedReviewers.map((account) => accountShape(call.site.url, account)), teams: [] }),
  );
  router.repo(
    "POST /pulls/{pull_number}/requested_reviewers",
    { needs: ["pull_requests:write"], role: "write" },
    async (call) => {
      const pull = pullIn(call);
      for (const login of call.body.strings("reviewers") ?? []) {
        const account = call.site.state.account(login);
        if (!account || pull.requestedReviewers.includes(account)) continue;
        pull.requestedReviewers.push(account);
        await emitPull(call.site, pull, "review_requested", accountOf(call.actor), {
          requested_reviewer: accountShape(call.site.url, account),
        });
      }
      return created(pullSummaryShape(call.site.url, call.site.state, pull));
    },
  );
}

export function pullIn(call: RepositoryCall): Pull {
  return pullOf(call.repository, Number(call.params.pull_number));
}

function list(call: RepositoryCall) {
  const { query, site, repository } = call;
  const state = query.get("state") ?? "open";
  const head = query.get("head");
  const base = query.get("base");
  const found = [...repository.issues.values()].flatMap(({ pull }) => {
    if (!pull || (state !== "all" && pull.issue.state !== state)) return [];
    if (base && pull.base.ref !== base) return [];
    if (head?.includes(":") && `${pull.head.owner.login}:${pull.head.ref}` !== head) return [];
    return [pull];
  });
  const sort = query.get("sort") ?? "created";
  const descending = (query.get("direction") ?? (sort === "created" ? "desc" : "asc")) === "desc";
  const key = (pull: Pull) => (sort === "updated" ? pull.issue.updatedAt.getTime() : pull.number);
  found.sort((a, b) => (descending ? key(b) - key(a) || b.number - a.number : key(a) - key(b) || a.number - b.number));
  return paginated(call, found, (pull) => pullSummaryShape(site.url, site.state, pull));
}

async function get(call: RepositoryCall) {
  const pull = pullIn(call);
  const raw = await rawDiff(call, pull.base.sha, pull.head.sha, { threeDots: true });
  if (raw) return raw;
  // The answer to the question that starts the work is still "not known".
  const reply = ok(await fullPull(call.site, pull));
  const before = pull.mergeability;
  requestMergeability(call.site, pull);
  return before === pull.mergeability ? reply : ok(await fullPull(call.site, pull));
}

async function edit(call: RepositoryCall) {
  const { body, site } = call;
  const pull = pullIn(call);
  const by = accountOf(call.actor);
  const title = body.optionalString("title");
  const base = body.optionalString("base");
  await editPull(
    site,
    pull,
    {
      ...(title === undefined ? {} : { title: requireTitle(title) }),
      ...(body.has("body") ? { body: body.optionalString("body") ?? null } : {}),
      ...(base === undefined ? {} : { base }),
    },
    by,
  );
  const state = body.optionalOneOf("state", ["open", "closed"]);
  if (state === "closed") await closePull(site, pull, by);
  if (state === "open") await reopenPull(site, pull, by);
  return ok(await fullPull(site, pull));
}

async function merge(call: RepositoryCall) {
  const { body, site } = call;
  const [method, title, message, sha] = [
    body.optionalOneOf("merge_method", ["merge", "squash", "rebase"]),
    body.optionalString("commit_title"),
    body.optionalString("commit_message"),
    body.optionalString("sha"),
  ];
  const request = {
    ...(method ? { method } : {}),
    ...(title === undefined ? {} : { title }),
    ...(message === undefined ? {} : { message }),
    ...(sha === undefined ? {} : { sha }),
  };
  const merged = await mergePull(site, pullIn(call), request, accountOf(call.actor));
  return ok({ sha: merged, merged: true, message: "Pull Request successfully merged" });
}
