import { z } from "zod";
import { problem } from "../problem.ts";
import { complianceView } from "../views/compliance.ts";
import type { ViewDeps } from "../views/deps.ts";
import { type Operation, operation } from "./operation.ts";
import { ms } from "./schemas.ts";

const count = {
  raisedNothing: z
    .int()
    .describe("Decisions that none of its rules kept from a yes; a rule that nothing switches on raises nothing."),
  denied: z.int(),
  waited: z.int(),
  lastDeniedAtMs: ms.optional(),
  lastWaitedAtMs: ms.optional(),
};
const control = { id: z.string(), title: z.string() };

const answer = z.strictObject({
  name: z.string(),
  title: z.string(),
  source: z.string(),
  sourceUrl: z.string().optional(),
  chosen: z.boolean().describe("Denials name their controls by this map."),
  maps: z.array(z.string()).describe("Frameworks that there are maps of."),
  sinceMs: ms,
  decisions: z.int(),
  lastDecisionAtMs: ms.optional(),
  repositories: z.int(),
  cut: z.boolean().describe("There are more decisions than were read; the oldest are left out."),
  covered: z.array(
    z.strictObject({
      ...control,
      ...count,
      rules: z.array(z.strictObject({ rule: z.string(), ...count })),
      commandRules: z.array(z.string()).describe("Rules about slash commands, which are in no decision."),
    }),
  ),
  gaps: z.array(z.strictObject(control)).describe("Controls of the map that no rule bears on."),
});

/** Which rules bear on which controls. */
export function complianceOperations(deps: ViewDeps): Operation[] {
  return [
    operation({
      method: "GET",
      path: "/compliance",
      access: "auditor",
      orRole: "operator",
      summary: "Which rules bear on which controls of a framework, what they said in 30 days, and the gaps.",
      description:
        "It maps checks to controls and certifies nothing. Counted are decisions about repositories whose owner you audit or operate, also those in shadow mode, which block nothing.",
      cost: 10,
      query: z.strictObject({ framework: z.string().max(100).optional() }),
      answer,
      async handle({ viewer, query }) {
        return (await complianceView(deps, viewer, query.framework)) ?? problem("not-found");
      },
    }),
  ];
}
