import { z } from "zod";
import { type ProblemCode, problem } from "../problem.ts";
import { decisionRows, decisionView } from "../views/decisions.ts";
import type { ViewDeps } from "../views/deps.ts";
import { type Replay, replay } from "../views/replay.ts";
import { streamSight } from "../views/repositories.ts";
import { WHAT_IF_DEFAULT, WHAT_IF_MAX, whatIf } from "../views/what-if.ts";
import { placeCursor, readPlaceCursor } from "./cursor.ts";
import { type Operation, operation } from "./operation.ts";
import { given } from "./pulls.ts";
import {
  decisionRow,
  decisionView as decisionViewSchema,
  number,
  owner,
  pageOf,
  paging,
  replayed,
  repository,
  since,
  state,
  until,
  whatIfReport,
} from "./schemas.ts";

const id = z.string().regex(/^dec_[0-9a-z]{26}$/);
const patch = z
  .unknown()
  .meta({ type: "object", description: "Edits the facts: a JSON merge patch, https://www.rfc-editor.org/rfc/rfc7386" });
const REPLAYING: ProblemCode[] = ["facts-erased", "facts-broken", "checker-undecided"];
const BUNDLE_BYTES = 10 * 1024 * 1024;
const DAY_MS = 86_400_000;

/** What was decided, decided again, and decided otherwise. */
export function decisionOperations(deps: ViewDeps): Operation[] {
  return [
    operation({
      method: "GET",
      path: "/decisions",
      access: "reader",
      summary: "Decisions, newest first.",
      query: z.strictObject({
        owner: owner.optional(),
        repository: repository.optional().describe("Needs the owner."),
        number: number.optional().describe("The pull request's; needs the repository."),
        outcome: state.optional(),
        sinceMs: since,
        untilMs: until,
        ...paging,
      }),
      answer: pageOf(decisionRow),
      problems: ["cursor-refused"],
      async handle({ viewer, query: { cursor, ...filter } }) {
        if (filter.repository !== undefined && filter.owner === undefined)
          return problem("parameter-refused", "The parameter repository needs the owner.");
        if (filter.number !== undefined && filter.repository === undefined)
          return problem("parameter-refused", "The parameter number needs the repository.");
        const before = cursor === undefined ? undefined : readPlaceCursor(cursor);
        if (cursor !== undefined && !(before && (await streamSight(deps, viewer))(before.stream)))
          return problem("cursor-refused");
        const { rows, next } = await decisionRows(deps, viewer, { ...given(filter), ...given({ before }) });
        return { items: rows, ...(next ? { next: placeCursor(next) } : {}) };
      },
    }),
    operation({
      method: "GET",
      path: "/decisions/:id",
      access: "reader",
      summary: "One decision with the facts that it was made on.",
      params: z.strictObject({ id }),
      answer: decisionViewSchema,
      async handle({ viewer, params }) {
        return (await decisionView(deps, viewer, params.id)) ?? problem("not-found");
      },
    }),
    operation({
      method: "POST",
      path: "/decisions/:id/replay",
      access: "reader",
      summary: "Judges a decision's stored facts once more, by the policy in force.",
      params: z.strictObject({ id }),
      answer: replayed,
      problems: REPLAYING,
      cost: 5,
      async handle({ viewer, params }) {
        return answerOf(await replay(deps, viewer, params.id));
      },
    }),
    operation({
      method: "POST",
      path: "/decisions/:id/simulate",
      access: "reader",
      summary: "Judges a decision's facts as if they were others. Nothing is written.",
      params: z.strictObject({ id }),
      body: z.strictObject({ patch }),
      answer: replayed,
      problems: [...REPLAYING, "patch-refused"],
      cost: 5,
      async handle({ viewer, params, body }) {
        const edit = (body as { patch?: unknown }).patch;
        if (edit === undefined) return problem("body-refused", "The member patch is missing.");
        return answerOf(await replay(deps, viewer, params.id, edit));
      },
    }),
    operation({
      method: "POST",
      path: "/what-if",
      access: "reader",
      summary: "Which pull requests another policy, or edited facts, would have decided otherwise.",
      description:
        "Judges the final decision of every pull request that you see anew: the last one at the head that was merged, or the newest of one that is open. Send a compiled OPA bundle as `application/gzip`, or JSON with `patch`, `bundle` (base64) or both. Nothing is written.",
      query: z.strictObject({
        days: z.coerce.number().int().min(1).max(365).default(30).describe("How far back to look."),
        limit: z.coerce.number().int().min(1).max(WHAT_IF_MAX).default(WHAT_IF_DEFAULT).describe("Decisions at most."),
      }),
      body: z.strictObject({ patch: patch.optional(), bundle: z.base64().optional() }),
      bodyOptional: true,
      binary: ["application/gzip"],
      // Base64 is a third longer than what it says.
      maxBodyBytes: Math.ceil((BUNDLE_BYTES * 4) / 3) + 64 * 1024,
      cost: 50,
      answer: whatIfReport,
      problems: ["bundle-refused", "patch-refused", "what-if-busy"],
      async handle({ viewer, query, body, signal }) {
        const sinceMs = deps.clock.now() - query.days * DAY_MS;
        const question = { sinceMs, limit: query.limit, signal, ...given(sent(body)) };
        if ((question.bundle?.byteLength ?? 0) > BUNDLE_BYTES) return problem("too-large");
        const answer = await whatIf(deps, viewer, question);
        switch (answer.kind) {
          case "answered":
            return answer;
          case "bundle-refused":
            return problem("bundle-refused", answer.why);
          case "patch-refused":
            return problem("patch-refused", `${answer.why} (decision ${answer.decision})`);
          case "busy":
            return problem("what-if-busy", undefined, { "retry-after": "5" });
          case "cancelled":
            // Nobody is there to read it.
            return problem("internal-error");
        }
      },
    }),
  ];
}

function sent(body: { patch?: unknown; bundle?: string | undefined } | Uint8Array | undefined): {
  patch: unknown;
  bundle: Uint8Array | undefined;
} {
  if (body instanceof Uint8Array) return { patch: undefined, bundle: body };
  const bundle = body?.bundle === undefined ? undefined : new Uint8Array(Buffer.from(body.bundle, "base64"));
  return { patch: body?.patch, bundle };
}

function answerOf(again: Replay): (Replay & { kind: "judged" }) | Response {
  switch (again.kind) {
    case "judged":
      return again;
    case "not-found":
      return problem("not-found");
    case "erased":
      return problem("facts-erased");
    case "broken":
      return problem("facts-broken");
    case "patch-refused":
      return problem("patch-refused", again.why);
    case "undecided":
      return problem("checker-undecided", again.why);
  }
}
