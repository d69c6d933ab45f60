import { setTimeout as sleep } from "node:timers/promises";
import { warning } from "@actions/core";
import { unspoken } from "./log.ts";
import { ScanFailure } from "./scan-failure.ts";

/** HMS-SYS lets a scan's run try ten times in ten minutes; with these waits they are about four. */
const ATTEMPTS = 10;
const TIMEOUT_MS = 60_000;
const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 60_000;

/**
 * Posts until it is taken. Nobody there, 429 and 5xx are tried again, as the very same report may come twice; every other answer is final.
 * `newToken`: GitHub's are good for five minutes, so that each attempt gets one of its own.
 * @throws {ScanFailure} with the answer's own words.
 */
export async function post(
  url: string,
  newToken: () => Promise<string>,
  headers: Record<string, string>,
  body: Buffer,
): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    const answer = await tried(url, { ...headers, authorization: `Bearer ${await newToken()}` }, body);
    if (answer.status !== undefined && answer.status >= 200 && answer.status < 300) return;
    const again = answer.status === undefined || answer.status === 429 || answer.status >= 500;
    const words = `HMS-SYS ${answer.status === undefined ? "cannot be reached" : `answered ${answer.status}`}: ${answer.says}`;
    if (!again || attempt === ATTEMPTS) throw new ScanFailure(unspoken(words));
    warning(unspoken(`${words} (attempt ${attempt} of ${ATTEMPTS})`));
    const waitMs = Math.max(answer.waitMs ?? 0, FIRST_WAIT_MS * 2 ** (attempt - 1));
    // Many scans end at once where many begin at once.
    await sleep(Math.min(waitMs, LONGEST_WAIT_MS) * (1 + Math.random() / 4));
  }
}

interface Answer {
  /** Absent: there was none. */
  status?: number;
  says: string;
  waitMs?: number;
}

async function tried(url: string, headers: Record<string, string>, body: Buffer): Promise<Answer> {
  try {
    // The token goes to this address and to no other.
    const response = await fetch(url, {
      method: "POST",
      headers,
      body: new Uint8Array(body),
      redirect: "manual",
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    const waitS = Number(response.headers.get("retry-after") ?? Number.NaN);
    const says = problemIn((await response.text()).slice(0, 10_000));
    return { status: response.status, says, ...(Number.isFinite(waitS) && waitS >= 0 ? { waitMs: waitS * 1000 } : {}) };
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause.message : "";
    return { says: `${error instanceof Error ? error.message : error} ${cause}`.trim() };
  }
}

/** What a problem document (RFC 9457) says, or the beginning of what came in its place. */
function problemIn(text: string): string {
  try {
    const { title, detail, code } = JSON.parse(text) as Record<string, unknown>;
    const told = [title, detail].filter((part) => typeof part === "string" && part !== "").join(": ");
    if (told !== "") return `${told}${typeof code === "string" ? ` (${code})` : ""}`.slice(0, 1_000);
  } catch {
    return text.slice(0, 300);
  }
  return text.slice(0, 300);
}
