import { z } from "zod";
import type { Verdict } from "../../model/verdict.ts";

const line = z.string().min(1);

const answer = z.strictObject({
  allow: z.boolean(),
  deny: z.array(z.strictObject({ rule: line, message: line, remedy: line, controls: z.array(line) })),
  waiting: z.array(
    z.strictObject({ rule: line, message: line, on: z.enum(["people", "machines"]), whom: line.optional() }),
  ),
  warn: z.array(z.strictObject({ rule: line, message: line })),
  /** ms since the epoch. */
  valid_until: z.int().positive().optional(),
});

/**
 * The verdict in a policy's answer. Throws on anything that is not exactly one well-formed answer, and on answers that
 * contradict themselves: *allow* beside a denial, or a refusal without a reason.
 */
export function verdictOf(value: unknown): Verdict {
  const parsed = answer.safeParse(value);
  if (!parsed.success) throw new Error(`the answer is not of the agreed shape: ${firstIssue(parsed.error)}`);
  const { allow, deny, waiting, warn, valid_until } = parsed.data;
  const reasons = deny.length + waiting.length;
  if (allow && reasons > 0) throw new Error("the answer allows and refuses at once");
  if (!allow && reasons === 0) throw new Error("the answer refuses without a reason");
  return {
    allow,
    deny,
    waiting: waiting.map(({ whom, ...entry }) => (whom === undefined ? entry : { ...entry, whom })),
    warn,
    ...(valid_until === undefined ? {} : { validUntilMs: valid_until }),
  };
}

function firstIssue(error: z.ZodError): string {
  const issue = error.issues[0];
  return issue === undefined ? "unknown" : `${issue.path.join(".") || "answer"}: ${issue.message}`;
}
