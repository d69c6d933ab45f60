import type { Context } from "hono";
import { answerProblem } from "../problem-page.ts";
import type { Route } from "../route.ts";
import type { Viewer } from "../viewer.ts";
import { type DecisionView, decisionView } from "../views/decisions.ts";
import { type Replay, replay } from "../views/replay.ts";
import { decisionBody } from "./decision.ts";
import { type EditForm, patchOf, sentForm } from "./edit-facts.ts";
import { type PagesDeps, show } from "./show.ts";

/** A patch may bring whole lists of facts. */
const MAX_FORM_BYTES = 1024 * 1024;

export function decisionRoutes(deps: PagesDeps): Route[] {
  const found = async (
    context: Context,
    viewer: Viewer,
    answer: (view: DecisionView) => Promise<{ replay?: Replay; form?: EditForm; refused?: string }>,
  ): Promise<Response> => {
    const view = await decisionView(deps.views, viewer, context.req.param("id") ?? "");
    if (!view) return answerProblem(context, "not-found");
    const said = await answer(view);
    return show(deps, context, viewer, {
      title: `Decision ${view.id}`,
      place: "/",
      status: said.refused === undefined ? 200 : 422,
      body: decisionBody({ view, ownPolicy: deps.ownPolicy, ...said }),
    });
  };
  return [
    {
      method: "GET",
      path: "/decisions/:id",
      access: "reader",
      summary: "One decision: what it is bound to, what it said, on which facts.",
      handler: (context, viewer) => found(context, viewer, async () => ({})),
    },
    {
      method: "POST",
      path: "/decisions/:id/replay",
      access: "reader",
      summary: "Judges a decision's stored facts once more.",
      cost: 5,
      handler: (context, viewer) =>
        found(context, viewer, async ({ id }) => ({ replay: await replay(deps.views, viewer, id) })),
    },
    {
      method: "POST",
      path: "/decisions/:id/what-if",
      access: "reader",
      summary: "Judges a decision's facts with an edit.",
      cost: 5,
      maxBodyBytes: MAX_FORM_BYTES,
      async handler(context, viewer) {
        const form = sentForm(await context.req.formData());
        return found(context, viewer, async ({ id, input }) => {
          // A merge group's facts are edited by nothing but a patch, which the API takes.
          if (input?.point !== "merge") return { replay: await replay(deps.views, viewer, id) };
          const edit = patchOf(form, input);
          if ("refused" in edit) return { form, refused: edit.refused };
          return { form, replay: await replay(deps.views, viewer, id, edit.patch) };
        });
      },
    },
  ];
}
