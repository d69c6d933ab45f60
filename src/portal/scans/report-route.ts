import type { Context } from "hono";
import { type ProblemCode, problem } from "../problem.ts";
import type { Route } from "../route.ts";
import type { ReportDeps } from "./deps.ts";
import type { Refusal, ReportHead } from "./report-scene.ts";
import { takeReport } from "./take-report.ts";

/** Reports that are read at a time; each may hold some ten megabytes. */
const READ_AT_ONCE = 4;
/** Requests with a valid token that one scan may make in the time below. */
const [TRIES_MAX, TRIES_MS] = [10, 10 * 60_000];
const RETRY_AFTER_S = 5;

const STATUS: Record<Refusal["why"], ProblemCode> = {
  "wrong-headers": "scan-report-malformed",
  unknown: "scan-unknown",
  "wrong-token": "scan-token",
  "wrong-claim": "scan-claims",
  "wrong-nonce": "scan-claims",
  "wrong-sha": "scan-claims",
  over: "scan-over",
  "another-report": "scan-reported",
  "refused-report": "scan-report-refused",
  "too-large": "too-large",
  "too-many": "too-many-requests",
  later: "scan-busy",
};

/** Where workflows report what their scans found. Whoever knows a scan's address may ask; only its own run is answered. */
export function scanReportRoute(deps: ReportDeps): Route {
  const tries = new Tries(() => deps.clock.now());
  const busy = new Set<string>();
  return {
    method: "POST",
    path: "/api/v1/scans/:id/report",
    access: "public",
    streams: true,
    summary: "Takes the report of a scan from the workflow run or the Job that HMS-SYS started for it.",
    async handler(context) {
      const head = headOf(context);
      if ("why" in head) return refuse(deps, head);
      let reading = false;
      const admit = (): Refusal | undefined => {
        if (!tries.take(head.id)) return { why: "too-many" };
        if (busy.has(head.id) || busy.size >= READ_AT_ONCE) return { why: "later", detail: "Others are read." };
        reading = true;
        busy.add(head.id);
        return undefined;
      };
      try {
        const result = await takeReport(deps, head, admit);
        if ("why" in result) return refuse(deps, result);
        deps.counted(result.taken);
        return context.json({ scan: head.id, result: result.taken }, 202);
      } catch (error) {
        if (error instanceof BrokenBody) return refuse(deps, { why: "later", detail: error.message });
        throw error;
      } finally {
        if (reading) busy.delete(head.id);
      }
    },
  };
}

function refuse(deps: ReportDeps, { why, detail }: Refusal): Response {
  deps.counted(why);
  const later = why === "later" || why === "too-many" ? { "retry-after": String(RETRY_AFTER_S) } : undefined;
  return problem(STATUS[why], detail, { ...later, ...(why === "wrong-token" ? { "www-authenticate": "Bearer" } : {}) });
}

/** The cheap part: what can be told without asking anybody. */
function headOf(context: Context): ReportHead | Refusal {
  const header = (name: string): string => context.req.header(name) ?? "";
  const wrong = (detail: string): Refusal => ({ why: "wrong-headers", detail });
  const id = context.req.param("id") ?? "";
  if (!/^[0-9a-f]{32}$/.test(id)) return { why: "unknown" };
  const token =
    /^Bearer ([A-Za-z0-9_-]{1,8000}\.[A-Za-z0-9_-]{1,8000}\.[A-Za-z0-9_-]{0,8000}|hms-scan-[A-Za-z0-9_-]{43})$/i.exec(
      header("authorization"),
    )?.[1];
  if (token === undefined) return { why: "wrong-token", detail: "There is no token in the Authorization header." };
  const nonce = header("hms-scan-nonce");
  if (!/^[A-Za-z0-9_-]{20,100}$/.test(nonce)) return wrong("HMS-Scan-Nonce is not of its form.");
  const sha = header("hms-scan-sha");
  if (!/^[0-9a-f]{40}$/.test(sha)) return wrong("HMS-Scan-SHA is not a commit by all of its 40 digits.");
  const outcome = header("hms-scan-outcome");
  if (outcome !== "completed" && outcome !== "failed")
    return wrong("HMS-Scan-Outcome is neither completed nor failed.");
  if (outcome === "completed" && header("content-encoding").toLowerCase() !== "gzip")
    return wrong("Content-Encoding is not gzip.");
  const bytes = Number(header("content-length") || 0);
  if (bytes > PACKED_BYTES_MAX) return { why: "too-large" };
  return { id, token, nonce, sha, outcome, body: bodyOf(context) };
}

/** https://docs.github.com/en/code-security/code-scanning/integrating-with-code-scanning/sarif-support-for-code-scanning — the same limit. */
export const PACKED_BYTES_MAX = 10 * 1024 * 1024;

/** What arrives is not what was sent: nothing is known of the report, which may come again. */
class BrokenBody extends Error {
  override readonly name = "BrokenBody";
}

/** Longest that a body may take to arrive; few are read at a time. */
const BODY_MS = 60_000;

async function* bodyOf(context: Context): AsyncGenerator<Uint8Array> {
  const stream = context.req.raw.body;
  if (!stream) return;
  const reader = stream.getReader();
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new BrokenBody("The body did not arrive in time.")), BODY_MS);
  });
  try {
    for (;;) {
      const read = reader.read().catch((error: unknown) => {
        throw new BrokenBody("The body broke off.", { cause: error });
      });
      const { done, value } = await Promise.race([read, late]);
      if (done) return;
      yield value;
    }
  } finally {
    clearTimeout(timer);
    // The rest is the server's: to end the request here would end the answer with it.
    reader.releaseLock();
  }
}

/** A token's holder may try again after an outage, but not have us read without end. */
class Tries {
  readonly #now: () => number;
  readonly #known = new Map<string, { count: number; sinceMs: number }>();

  constructor(now: () => number) {
    this.#now = now;
  }

  take(id: string): boolean {
    const nowMs = this.#now();
    for (const [known, { sinceMs }] of this.#known) {
      if (nowMs - sinceMs < TRIES_MS) break;
      this.#known.delete(known);
    }
    const entry = this.#known.get(id) ?? { count: 0, sinceMs: nowMs };
    if (entry.count >= TRIES_MAX) return false;
    entry.count++;
    this.#known.set(id, entry);
    return true;
  }
}
