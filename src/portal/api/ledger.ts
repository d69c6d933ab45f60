import { z } from "zod";
import { problem } from "../problem.ts";
import type { ViewDeps } from "../views/deps.ts";
import { ledgerView, verifyStream } from "../views/ledger-view.ts";
import { queueView, retryKey } from "../views/queue-view.ts";
import { auditing, seenStreams, streamSight } from "../views/repositories.ts";
import { placeCursor, readPlaceCursor } from "./cursor.ts";
import { type Operation, operation } from "./operation.ts";
import { given } from "./pulls.ts";
import { ledgerEntry, owner, pageOf, paging, repository, since, until } from "./schemas.ts";
import { type TailLimits, Tails } from "./tail.ts";

const stream = z
  .string()
  .regex(/^(?:repository\/\d{1,15}\/\d{1,15}|installation\/\d{1,15})$/)
  .describe("repository/<installation>/<repository id>, or installation/<id>.");
const filters = {
  stream: stream.optional(),
  owner: owner.optional(),
  repository: repository.optional().describe("Needs the owner."),
  subject: z.string().max(300).optional().describe("A key: pull/<installation>/<repository id>/<number>, commit/…"),
  type: z.string().max(100).optional().describe("verdict, check_written, pull_closed, override …"),
};
const key = z.string().min(1).max(300);

/** The ledger and the queue. */
export function ledgerOperations(deps: ViewDeps, limits?: TailLimits): Operation[] {
  const tails = new Tails(deps, limits);
  return [
    operation({
      method: "GET",
      path: "/ledger",
      access: "auditor",
      summary: "Entries of the ledger, newest first.",
      query: z.strictObject({
        ...filters,
        subjectPrefix: z.string().max(300).optional(),
        id: z.string().max(300).optional(),
        sinceMs: since,
        untilMs: until,
        ...paging,
      }),
      answer: pageOf(ledgerEntry),
      problems: ["cursor-refused"],
      async handle({ viewer: asking, query: { cursor, ...filter } }) {
        const viewer = await auditing(deps, asking);
        if (filter.repository !== undefined && filter.owner === undefined)
          return problem("parameter-refused", "The parameter repository needs the owner.");
        const before = cursor === undefined ? undefined : readPlaceCursor(cursor);
        if (cursor !== undefined && !(before && (await streamSight(deps, viewer))(before.stream)))
          return problem("cursor-refused");
        const { entries, next } = await ledgerView(deps, viewer, { ...given(filter), ...given({ before }) });
        return { items: entries, ...(next ? { next: placeCursor(next) } : {}) };
      },
    }),
    operation({
      method: "GET",
      path: "/ledger/streams",
      access: "auditor",
      summary: "Streams of the ledger that you see.",
      answer: z.strictObject({ items: z.array(z.string()) }),
      async handle({ viewer }) {
        return { items: await seenStreams(deps, await auditing(deps, viewer)) };
      },
    }),
    operation({
      method: "GET",
      path: "/ledger/verification",
      access: "auditor",
      summary: "Walks the hash chain of one stream.",
      query: z.strictObject({ stream }),
      cost: 20,
      answer: z.strictObject({
        stream: z.string(),
        holds: z.boolean(),
        brokenAt: z.int().optional().describe("The first sequence that does not hold."),
        why: z.string().optional(),
      }),
      async handle({ viewer, query }) {
        const found = await verifyStream(deps, await auditing(deps, viewer), query.stream);
        return found ? { stream: query.stream, ...found } : problem("not-found");
      },
    }),
    operation({
      method: "GET",
      path: "/ledger/tail",
      access: "auditor",
      summary: "New entries of the ledger as server-sent events.",
      description:
        "Each event has the entry's type as its name and the entry as its data; its id is a cursor: with it in `Last-Event-ID` (or in `cursor`) everything since then comes first. The connection ends after some minutes; whoever reconnects as the standard says loses nothing. It ends for good with the session, and for who audits nothing any more.",
      query: z.strictObject({
        stream: stream.optional(),
        subject: filters.subject,
        type: filters.type,
        cursor: paging.cursor,
      }),
      answerType: "text/event-stream",
      answer: ledgerEntry,
      problems: ["cursor-refused", "too-many-streams"],
      cost: 5,
      async handle({ viewer: asking, query: { cursor, ...filter }, headers, signal }) {
        const viewer = await auditing(deps, asking);
        const from = headers.get("last-event-id") ?? cursor;
        const after = from === undefined ? undefined : readPlaceCursor(from);
        if (from !== undefined && !(after && (await streamSight(deps, viewer))(after.stream)))
          return problem("cursor-refused");
        return (
          (await tails.open(viewer, { ...given(filter), ...given({ after }) }, signal)) ??
          problem("too-many-streams", undefined, { "retry-after": "30" })
        );
      },
    }),
    operation({
      method: "GET",
      path: "/queue",
      access: "operator",
      summary: "How much waits, and the keys that wait for somebody to act.",
      answer: z.strictObject({
        stats: z.strictObject({
          ready: z.int(),
          delayed: z.int(),
          leased: z.int(),
          parked: z.int(),
          oldestReadyMs: z.number().describe("Age of the oldest ready key."),
        }),
        parked: z.array(z.strictObject({ key: z.string(), reason: z.string(), parkedAtMs: z.number() })),
      }),
      async handle({ viewer }) {
        return queueView(deps, viewer);
      },
    }),
    operation({
      method: "POST",
      path: "/queue/retry",
      access: "operator",
      summary: "Lets a parked key run again at once.",
      body: z.strictObject({ key }),
      answer: z.strictObject({ key: z.string() }),
      async handle({ viewer, body }) {
        const { key: wanted } = body as { key: string };
        return (await retryKey(deps, viewer, wanted)) ? { key: wanted } : problem("not-found");
      },
    }),
  ];
}
