import { z } from "zod";
import { ROLES } from "../viewer.ts";
import { type Operation, operation } from "./operation.ts";

const answer = z.object({
  kind: z.enum(["person", "machine"]),
  login: z.string(),
  roles: z.array(z.enum(ROLES)).describe("Those that they have for some owner."),
});

export function viewerOperations(): Operation[] {
  return [
    operation({
      method: "GET",
      path: "/viewer",
      access: "reader",
      summary: "Who is asking, and their roles",
      answer,
      async handle({ viewer }) {
        const { kind, login } = viewer;
        return { kind, login, roles: ROLES.filter((role) => viewer.has(role)) };
      },
    }),
  ];
}
