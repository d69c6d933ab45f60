import { z } from "zod";
import { problem } from "../problem.ts";
import type { ViewDeps } from "../views/deps.ts";
import { installationsView } from "../views/installations.ts";
import { openPulls, placeOfRow } from "../views/pull-rows.ts";
import { pullView } from "../views/pull-view.ts";
import { seenRepositories } from "../views/repositories.ts";
import { readRowCursor, rowCursor } from "./cursor.ts";
import { type Operation, operation } from "./operation.ts";
import {
  installation,
  ms,
  number,
  owner,
  pageOf,
  paging,
  pullRow,
  pullView as pullViewSchema,
  repository,
  state,
} from "./schemas.ts";

const repositoryRow = z.strictObject({
  id: z.int(),
  installationId: z.int(),
  owner: z.string(),
  name: z.string(),
  defaultBranch: z.string(),
});

/** Where the App is installed, and what is open there. */
export function pullOperations(deps: ViewDeps): Operation[] {
  return [
    operation({
      method: "GET",
      path: "/installations",
      access: "reader",
      summary: "Installations of the App: those in which you see a repository, and those of owners that you operate.",
      answer: z.strictObject({
        items: z.array(installation),
        githubAwayUntilMs: ms
          .optional()
          .describe("GitHub does not answer and everything waits: when it is asked next. For operators."),
      }),
      async handle({ viewer }) {
        const { rows, githubAwayUntilMs } = await installationsView(deps, viewer);
        return { items: rows, ...(githubAwayUntilMs === undefined ? {} : { githubAwayUntilMs }) };
      },
    }),
    operation({
      method: "GET",
      path: "/repositories",
      access: "reader",
      summary: "Repositories that you see and that HMS-SYS knows, by name.",
      query: z.strictObject({ owner: owner.optional() }),
      answer: z.strictObject({ items: z.array(repositoryRow) }),
      async handle({ viewer, query }) {
        const seen = await seenRepositories(deps, viewer);
        const wanted = query.owner?.toLowerCase();
        return {
          items: seen
            .filter(({ ref }) => wanted === undefined || ref.owner.toLowerCase() === wanted)
            .map(({ installationId, ref: { id, owner, name, defaultBranch } }) => ({
              id,
              installationId,
              owner,
              name,
              defaultBranch,
            })),
        };
      },
    }),
    operation({
      method: "GET",
      path: "/pulls",
      access: "reader",
      summary: "Open pull requests with the state of their gates.",
      query: z.strictObject({
        owner: owner.optional(),
        repository: repository.optional(),
        state: state.optional(),
        author: z.string().max(100).optional(),
        text: z.string().max(200).optional().describe("Part of the title, or the number."),
        ...paging,
      }),
      answer: pageOf(pullRow),
      problems: ["cursor-refused"],
      async handle({ viewer, query: { cursor, limit, ...filter } }) {
        const after = cursor === undefined ? undefined : readRowCursor(cursor);
        if (cursor !== undefined && after === undefined) return problem("cursor-refused");
        const rows = await openPulls(deps, viewer, { ...given(filter), ...given({ after }), limit: limit + 1 });
        const items = rows.slice(0, limit);
        const last = items.at(-1);
        return { items, ...(rows.length > limit && last ? { next: rowCursor(placeOfRow(last)) } : {}) };
      },
    }),
    operation({
      method: "GET",
      path: "/pulls/:owner/:repository/:number",
      access: "reader",
      summary: "One pull request: its decision with the facts, its checks, what people said, and what happened.",
      params: z.strictObject({ owner, repository, number }),
      answer: pullViewSchema,
      async handle({ viewer, params }) {
        const view = await pullView(deps, viewer, params.owner, params.repository, params.number);
        return view ?? problem("not-found");
      },
    }),
  ];
}

/** Without the members that were not given: an absent filter is not one that is undefined. */
export function given<T extends object>(filter: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== undefined)) as never;
}
