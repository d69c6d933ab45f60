import { createHash } from "node:crypto";
import {
  BrokenCircuitError,
  ConsecutiveBreaker,
  ConstantBackoff,
  circuitBreaker,
  handleType,
  retry,
  wrap,
} from "cockatiel";
import { z } from "zod";
import type { Checker, CheckerAnswer } from "../../ports/checker.ts";
import { EvaluationError, verdictOf } from "./answer.ts";
import { cappedBody } from "./capped-body.ts";
import { reasonOf } from "./engine.ts";
import { encodedInput } from "./input.ts";

const DECISION = "v1/data/hms/decision";
const MAX_ANSWER_BYTES = 4 * 1024 * 1024;
const FAILURES_UNTIL_OPEN = 5;

export interface ServerCheckerOptions {
  /** `https://opa.acme.dev`, with the prefix of a path where there is one, without a slash at the end. */
  url: string;
  /** Sent as `Authorization: Bearer`; in no message. */
  token?: string;
  /** For one question and its whole answer; default 2 s. */
  timeoutMs?: number;
  /** How long a server that failed five times in a row is left alone; default 10 s. */
  restMs?: number;
  /** The revision that it last named, before this process started. */
  lastRevision?: string;
}

export interface ServerChecker extends Checker {
  /** Asks it which policy it has now. Rejects with {@link EvaluationError} while it does not answer. */
  probe(): Promise<void>;
}

/** The server did not answer as an OPA server does: the next question will hardly fare better. */
class ServerAwayError extends EvaluationError {}

/** https://www.openpolicyagent.org/docs/rest-api#get-a-document-with-input and #provenance */
const reply = z.object({
  result: z.unknown().optional(),
  provenance: z
    .object({
      revision: z.string().optional(),
      bundles: z.record(z.string(), z.object({ revision: z.string().optional() })).optional(),
    })
    .optional(),
});

/**
 * An OPA server that has the policy `hms/decision`. Only one well-formed answer is a verdict; everything else is undecided. The revision comes
 * with each answer, so a verdict is bound to the bundle that gave it.
 */
export function openServerChecker(options: ServerCheckerOptions): ServerChecker {
  const { url, token, timeoutMs = 2_000, restMs = 10_000 } = options;
  const server = hash(url).slice(0, 8);
  let revision = options.lastRevision?.startsWith(`opa:${server}:`) ? options.lastRevision : undefined;

  async function post(body: Uint8Array<ArrayBuffer>): Promise<z.infer<typeof reply>> {
    const headers = { "content-type": "application/json", ...(token ? { authorization: `Bearer ${token}` } : {}) };
    const response = await fetch(`${url}/${DECISION}?provenance=true`, {
      method: "POST",
      headers,
      body,
      redirect: "manual",
      signal: AbortSignal.timeout(timeoutMs),
    }).catch((error: unknown) => {
      throw new ServerAwayError(
        `The checker could not decide: the OPA server cannot be reached (${networkReason(error)}).`,
      );
    });
    if (response.status !== 200) {
      await response.body?.cancel();
      throw new ServerAwayError(`The checker could not decide: the OPA server answered HTTP ${response.status}.`);
    }
    const bytes = await cappedBody(response, MAX_ANSWER_BYTES).catch((error: unknown) => {
      throw new ServerAwayError(
        `The checker could not decide: the OPA server's answer broke off (${networkReason(error)}).`,
      );
    });
    if (bytes === undefined) throw undecided("the OPA server's answer is too large");
    const parsed = reply.safeParse(jsonIn(bytes));
    if (!parsed.success) throw new ServerAwayError("The checker could not decide: the answer is not an OPA server's.");
    return parsed.data;
  }

  const breaker = circuitBreaker(handleType(ServerAwayError), {
    halfOpenAfter: restMs,
    breaker: new ConsecutiveBreaker(FAILURES_UNTIL_OPEN),
  });
  const policy = wrap(
    // Two processes that lost the same server must not come back in step.
    retry(handleType(ServerAwayError), { maxAttempts: 1, backoff: new ConstantBackoff(50 + Math.random() * 100) }),
    breaker,
  );

  async function ask(input: unknown): Promise<{ result: unknown; bundleRevision: string }> {
    const json = new Uint8Array(encodedInput(input));
    const body = new Uint8Array(Buffer.concat([Buffer.from('{"input":'), json, Buffer.from("}")]));
    try {
      const { result, provenance } = await policy.execute(() => post(body));
      revision = revisionIn(provenance, server);
      return { result, bundleRevision: revision ?? `unversioned:${server}` };
    } catch (error) {
      if (!(error instanceof BrokenCircuitError)) throw error;
      throw undecided(
        `the OPA server failed ${FAILURES_UNTIL_OPEN} times in a row and is left alone for ${restMs / 1_000} s`,
      );
    }
  }

  return {
    revision: () => revision,
    async evaluate(input): Promise<CheckerAnswer> {
      const { result, bundleRevision } = await ask(input);
      if (result === undefined) throw undecided("the OPA server has no decision at hms/decision for this input");
      try {
        return { verdict: verdictOf(result), bundleRevision };
      } catch (error) {
        throw undecided(reasonOf(error));
      }
    },
    async probe() {
      await ask({ schema: "hms.probe" });
    },
  };
}

/** Undefined where the server names no bundle: its policies were loaded by hand, and nothing tells one state of them from another. */
function revisionIn(provenance: z.infer<typeof reply>["provenance"], server: string): string | undefined {
  const bundles = Object.entries(provenance?.bundles ?? {}).map(
    ([name, bundle]) => [name, bundle.revision ?? ""] as const,
  );
  if (provenance?.revision && bundles.length === 0) bundles.push(["bundle", provenance.revision]);
  if (bundles.length === 0 || bundles.some(([, revision]) => revision === "")) return undefined;
  const names = bundles.map(([name, revision]) => `${name}@${revision}`).sort();
  const text = names.join(",");
  // Whoever builds the bundle chooses its name and revision; long or odd ones are told apart by their digest.
  return `opa:${server}:${/^[\w.@:,/+-]{1,120}$/.test(text) ? text : `sha256:${hash(JSON.stringify(names))}`}`;
}

function undecided(why: string): EvaluationError {
  return new EvaluationError(`The checker could not decide: ${why}.`);
}

function jsonIn(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    return undefined;
  }
}

/** A code or a kind; messages of the network could quote what was sent. */
function networkReason(error: unknown): string {
  const { name, cause } = error as Error & { cause?: { code?: string } };
  if (name === "TimeoutError") return "time-out";
  return cause?.code ?? name;
}

function hash(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
