import { z } from "zod";
import type { PreviewState } from "../../model/preview.ts";
import { PREVIEW_TITLES } from "../../preview/preview.ts";
import { problem } from "../problem.ts";
import type { ViewDeps } from "../views/deps.ts";
import { previewRows } from "../views/preview-rows.ts";
import { pullPreview } from "../views/preview-view.ts";
import { placeOfRow } from "../views/pull-rows.ts";
import { readRowCursor, rowCursor } from "./cursor.ts";
import { type Operation, operation } from "./operation.ts";
import { given } from "./pulls.ts";
import { ledgerEntry, ms, number, owner, pageOf, paging, repository } from "./schemas.ts";

const STATES = Object.keys(PREVIEW_TITLES) as [PreviewState, ...PreviewState[]];

const row = z.strictObject({
  installationId: z.int(),
  repositoryId: z.int(),
  owner: z.string(),
  repository: z.string(),
  number: z.int(),
  title: z.string().describe("Of the pull request."),
  state: z.enum(STATES),
  unknown: z
    .string()
    .optional()
    .describe(
      "Why the state cannot be read at the moment; `state` is then what was last seen, and counts for nothing.",
    ),
  sha: z.string().describe("Full SHA of the head that the state is about; empty where none is known."),
  url: z.string().optional().describe("Where the preview is, or will be."),
  clusters: z.array(z.string()),
  why: z.string().optional().describe("The first thing that is wrong or awaited."),
  position: z.int().optional().describe("Place in the queue of the repository, from 1."),
  createdAtMs: ms.optional(),
  sinceMs: ms,
  expiresAtMs: ms.optional(),
  sleepsAtMs: ms.optional(),
});

const reason = z.strictObject({
  cause: z.string(),
  message: z.string(),
  cluster: z.string().optional(),
  component: z.string().optional(),
  object: z.string().optional(),
  file: z.string().optional(),
  awaits: z.enum(["people", "machines", "nobody"]),
});

const part = z.strictObject({
  component: z.string(),
  cluster: z.string(),
  application: z.string(),
  sync: z.string(),
  health: z.string(),
  revision: z.string(),
  green: z.boolean().describe("Whether all that green asks of this part holds."),
});

const sight = z.strictObject({
  objects: z.array(
    z.strictObject({
      kind: z.string(),
      name: z.string(),
      state: z.string(),
      ready: z.boolean().optional(),
      createdAtMs: ms.optional(),
    }),
  ),
  events: z.array(
    z.strictObject({
      object: z.string(),
      reason: z.string(),
      message: z.string(),
      warning: z.boolean(),
      count: z.number(),
      atMs: ms,
    }),
  ),
  use: z
    .array(z.strictObject({ resource: z.string(), used: z.string(), hard: z.string(), share: z.number().optional() }))
    .describe("Against the quota; `share` from 0 to 1."),
  left: z.strictObject({ objects: z.int(), events: z.int() }).describe("How many more there are."),
});

const place = z.strictObject({
  cluster: z.string(),
  namespace: z.string(),
  argocd: z.strictObject({ cluster: z.string(), namespace: z.string() }),
  now: z
    .discriminatedUnion("kind", [
      z.strictObject({ kind: z.literal("seen"), sight }),
      z.strictObject({ kind: z.literal("unread"), why: z.string() }),
    ])
    .describe("What the cluster shows now, or why that cannot be said."),
});

/** The previews of pull requests. */
export function previewOperations(deps: ViewDeps): Operation[] {
  return [
    operation({
      method: "GET",
      path: "/previews",
      access: "reader",
      summary: "Previews: state, address, clusters, age, time to live.",
      query: z.strictObject({
        owner: owner.optional(),
        repository: repository.optional(),
        state: z
          .enum([...STATES, "any"])
          .optional()
          .describe("Unless given, those that are there, on their way there or on their way out."),
        ...paging,
      }),
      answer: pageOf(row),
      problems: ["cursor-refused"],
      async handle({ viewer, query: { cursor, limit, ...filter } }) {
        const after = cursor === undefined ? undefined : readRowCursor(cursor);
        if (cursor !== undefined && after === undefined) return problem("cursor-refused");
        const rows = await previewRows(deps, viewer, { ...given(filter), ...given({ after }), limit: limit + 1 });
        const items = rows.slice(0, limit);
        const last = items.at(-1);
        return { items, ...(rows.length > limit && last ? { next: rowCursor(placeOfRow(last)) } : {}) };
      },
    }),
    operation({
      method: "GET",
      path: "/previews/:owner/:repository/:number",
      access: "reader",
      summary: "The preview of one pull request: reasons, components, what runs now, use against quota, what happened.",
      description: "Asks the clusters of the preview, for a few seconds at most; what they do not answer is `unread`.",
      params: z.strictObject({ owner, repository, number }),
      cost: 5,
      answer: z.strictObject({
        row,
        slug: z.string().describe("Name of the namespace, the AppProject and the ApplicationSet."),
        reasons: z.array(reason),
        parts: z.array(part),
        places: z.array(place),
        thought: ledgerEntry.optional().describe("What it was placed by: the newest `deployment_thought`."),
        history: z.array(ledgerEntry),
      }),
      async handle({ viewer, params }) {
        const found = await pullPreview(deps, viewer, params.owner, params.repository, params.number);
        return found?.preview ?? problem("not-found");
      },
    }),
  ];
}
