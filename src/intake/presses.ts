import { z } from "zod";
import type { ButtonIntent } from "../model/intent.ts";

const sha = z.string().regex(/^[0-9a-f]{40}$/);
const id = z.int().positive();
/** Empty for forks. */
const pulls = z.array(z.object({ number: id })).default([]);
const suite = z.object({ id, head_sha: sha.optional(), updated_at: z.string().nullish() });

const pressed = z.object({
  check_run: z
    .object({ id, name: z.string().optional(), head_sha: sha, check_suite: suite.nullish(), pull_requests: pulls })
    .optional(),
  check_suite: z.object({ id, head_sha: sha, updated_at: z.string().nullish(), pull_requests: pulls }).optional(),
  requested_action: z.object({ identifier: z.string() }).optional(),
  sender: z.object({ login: z.string(), id, type: z.string() }),
});

/** As the gate puts them up: what to do, and in which state of the gate it was offered. */
const IDENTIFIER = /^(retry|hold|unhold)-([0-9a-f]{12})$/;

/**
 * What a person pressed on one of our checks: GitHub's own re-run buttons, or one of the gate's. Whoever sees them may press them; what they
 * may do is asked when it is acted on. Its id is made of what GitHub signed: pressed twice in one state it is one.
 */
export function pressOf(
  action: string | undefined,
  payload: unknown,
  nowMs: number,
): { intent: Omit<ButtonIntent, "key">; sha: string; pulls: number[] } | undefined {
  const parsed = pressed.safeParse(payload);
  if (!parsed.success || parsed.data.sender.type !== "User") return undefined;
  const { check_run: run, check_suite: whole, requested_action: wanted, sender } = parsed.data;
  const asked = { kind: "button", sender, askedAtMs: nowMs, seenAtMs: nowMs } as const;
  if (action === "requested_action" && run) {
    const [, verb, state = ""] = IDENTIFIER.exec(wanted?.identifier ?? "") ?? [];
    if (verb !== "retry" && verb !== "hold" && verb !== "unhold") return undefined;
    const name = `button/${run.id}/${verb}-${state}/${sender.id}`;
    return { intent: { ...asked, id: name, action: verb, state, runId: run.id }, sha: run.head_sha, pulls: [] };
  }
  const subject = run ?? whole;
  if (action !== "rerequested" || !subject) return undefined;
  // A run that is run again gets a new id from us; of a suite, which keeps its own, GitHub tells when it last moved.
  const moved = (run ? run.check_suite?.updated_at : whole?.updated_at) ?? "";
  const name = `rerequest/${run ? "run" : "suite"}/${subject.id}/${sender.id}/${moved}`;
  return {
    intent: {
      ...asked,
      id: name,
      action: "retry",
      state: "",
      runId: run?.id ?? 0,
      ...(run?.name === undefined ? {} : { check: run.name }),
    },
    sha: subject.head_sha,
    pulls: subject.pull_requests.map(({ number }) => number),
  };
}
