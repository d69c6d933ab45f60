import type { Context } from "hono";
import type { Route } from "../route.ts";
import type { Viewer } from "../viewer.ts";
import { type WhatIfAnswer, whatIf } from "../views/what-if.ts";
import { jsonObject } from "./edit-facts.ts";
import { type PagesDeps, show } from "./show.ts";
import { DAYS, type WhatIfForm, whatIfBody } from "./what-if.ts";

const MAX_BODY_BYTES = 9 * 1024 * 1024;
const DAY_MS = 24 * 3_600_000;
const EMPTY: WhatIfForm = { days: 30, patch: '{\n  "config": { "approvals": { "count": 2 } }\n}' };

export function whatIfRoutes(deps: PagesDeps): Route[] {
  const shown = (
    context: Context,
    viewer: Viewer,
    said: { form: WhatIfForm; answer?: WhatIfAnswer; refused?: string },
  ): Promise<Response> =>
    show(deps, context, viewer, {
      title: "What if the policy were another?",
      status: said.refused === undefined ? 200 : 422,
      body: whatIfBody({ ...said, nowMs: deps.views.clock.now() }),
    });
  return [
    {
      method: "GET",
      path: "/what-if",
      access: "reader",
      summary: "Asks which merges another policy would have blocked.",
      handler: (context, viewer) => shown(context, viewer, { form: EMPTY }),
    },
    {
      method: "POST",
      path: "/what-if",
      access: "reader",
      summary: "Judges the decisions of the last days by another policy, or with other facts.",
      cost: 50,
      maxBodyBytes: MAX_BODY_BYTES,
      async handler(context, viewer) {
        const sent = await context.req.formData();
        const bundle = await fileOf(sent.get("bundle"));
        const text = sent.get("patch");
        const days = Number(sent.get("days"));
        const form: WhatIfForm = {
          days: DAYS.find((one) => one === days) ?? EMPTY.days,
          patch: typeof text === "string" ? text : "",
        };
        const patch = form.patch.trim() === "" ? undefined : jsonObject(form.patch);
        if (typeof patch === "string") return shown(context, viewer, { form, refused: patch });
        if (patch === undefined && bundle === undefined)
          return shown(context, viewer, { form, refused: "Give a patch, a bundle, or both." });
        const answer = await whatIf(deps.views, viewer, {
          sinceMs: deps.views.clock.now() - form.days * DAY_MS,
          signal: context.req.raw.signal,
          ...(patch === undefined ? {} : { patch }),
          ...(bundle === undefined ? {} : { bundle }),
        });
        return shown(context, viewer, { form, answer });
      },
    },
  ];
}

/** A field for a file that nobody filled in comes as an empty file. */
async function fileOf(value: File | string | null): Promise<Uint8Array | undefined> {
  if (value === null || typeof value === "string" || value.size === 0) return undefined;
  return new Uint8Array(await value.arrayBuffer());
}
