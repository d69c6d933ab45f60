import { z } from "zod";
import type { Verdict } from "../../model/verdict.ts";

/** The checker could not decide on this input. Callers treat it as *unknown*. */
export class EvaluationError extends Error {
  override name = "EvaluationError";
}

/** The policy looped or broke its thread: it will hardly do better on the next input. */
export class PolicyBrokeError extends EvaluationError {}

/** More rows, or more text in all of them, than anybody could read: such an answer is a policy that went wrong. */
const MAX_ROWS = 1_000;
const MAX_CHARACTERS = 1024 * 1024;

const line = z.string().min(1);

const answer = z.strictObject({
  allow: z.boolean(),
  deny: z
    .array(z.strictObject({ rule: line, message: line, remedy: line, controls: z.array(line).max(MAX_ROWS) }))
    .max(MAX_ROWS),
  waiting: z
    .array(z.strictObject({ rule: line, message: line, on: z.enum(["people", "machines"]), whom: line.optional() }))
    .max(MAX_ROWS),
  warn: z.array(z.strictObject({ rule: line, message: line })).max(MAX_ROWS),
  /** ms since the epoch. */
  valid_until: z.int().positive().optional(),
});

/**
 * The verdict in a policy's answer. Throws on anything that is not exactly one well-formed answer, and on answers that
 * contradict themselves: *allow* beside a denial, or a refusal without a reason.
 */
export function verdictOf(value: unknown): Verdict {
  if (isTooLong(value)) {
    throw new Error(`the answer is too large: more than ${MAX_ROWS} rows of a kind, or ${MAX_CHARACTERS} characters`);
  }
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

/** Looked at before the shape, which costs more to check than a row too many to count. */
function isTooLong(value: unknown): boolean {
  let left = MAX_CHARACTERS;
  const rows = (part: unknown): boolean => Array.isArray(part) && part.length > MAX_ROWS;
  const spend = (part: unknown): void => {
    if (typeof part === "string") left -= part.length;
    else if (typeof part === "object" && part !== null && left >= 0) for (const one of Object.values(part)) spend(one);
  };
  if (typeof value !== "object" || value === null) return false;
  if (Object.values(value).some(rows)) return true;
  spend(value);
  return left < 0;
}

function firstIssue(error: z.ZodError): string {
  const issue = error.issues[0];
  return issue === undefined ? "unknown" : `${issue.path.join(".") || "answer"}: ${issue.message}`;
}
