import { readFileSync } from "node:fs";
import { parse } from "yaml";

/** The workflow that teams copy, as this version ships it. */
export function shippedScanWorkflow(): string {
  return readFileSync(new URL("../../actions/scan/hms-scan.yml", import.meta.url), "utf8");
}

/** Environment of its job that reports. */
export const REPORT_ENVIRONMENT = "hms-report";

const TEXT_MAX_CHARACTERS = 64 * 1024;
const DIFFERENCES_MAX = 10;
/** What a team may set as it likes: how long jobs run, and what things are called. */
const FREE = new Set(["name", "timeout-minutes", "description"]);
const COMMIT = /^[0-9a-f]{40}$/;

/** `differences`: places as `jobs.scan.permissions.contents`, ten at most. `unpinned`: actions that are not named by a commit. */
export type WorkflowComparison =
  | { unreadable: string }
  | { unreadable?: undefined; differences: string[]; unpinned: string[] };

/** Holds a team's copy against the shipped one, but for what is theirs: which version of an action, `runs-on`, and {@link FREE}. */
export function compareScanWorkflow(shipped: string, own: string): WorkflowComparison {
  if (own.length > TEXT_MAX_CHARACTERS) return { unreadable: "it is larger than 64 KiB" };
  try {
    const given: unknown = parse(own);
    const differences: string[] = [];
    compare(reduced(parse(shipped)), reduced(given), "", differences);
    return { differences, unpinned: unpinned(given) };
  } catch (error) {
    return { unreadable: error instanceof Error ? (error.message.split("\n")[0] ?? "") : "it is not YAML" };
  }
}

function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** `own/fork/actions/scan@v1` is `actions/scan`: where the Action is got from, and which of it, is the team's choice. */
function actionOf(uses: string): string {
  const [action = ""] = uses.split("@");
  return /^[\w.-]+\/[\w.-]+\/actions\/scan$/.test(action) ? "actions/scan" : action;
}

function reduced(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reduced);
  if (!isMapping(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      // An input or a job may be called `name` too; those are mappings, as a group of runners is.
      .filter(([key, held]) => key !== "runs-on" && (!FREE.has(key) || isMapping(held)))
      .map(([key, held]) => [key, key === "uses" && typeof held === "string" ? actionOf(held) : reduced(held)]),
  );
}

function compare(shipped: unknown, own: unknown, at: string, found: string[]): void {
  if (found.length >= DIFFERENCES_MAX) return;
  const list = Array.isArray(shipped) && Array.isArray(own) && shipped.length === own.length;
  if (list || (isMapping(shipped) && isMapping(own))) {
    const left = new Map(Object.entries(shipped as object));
    const right = new Map(Object.entries(own as object));
    for (const key of new Set([...left.keys(), ...right.keys()]))
      compare(left.get(key), right.get(key), at === "" ? key : `${at}.${key}`, found);
    return;
  }
  if (shipped !== own) found.push(at === "" ? "the whole file" : at);
}

/** A tag or branch of an action can be moved to other code. https://docs.github.com/en/actions/reference/security/secure-use */
function unpinned(value: unknown): string[] {
  const found = new Set<string>();
  const walk = (node: unknown): void => {
    if (Array.isArray(node)) for (const one of node) walk(one);
    if (!isMapping(node)) return;
    for (const [key, held] of Object.entries(node)) {
      if (key !== "uses" || typeof held !== "string") walk(held);
      else if (!COMMIT.test(held.split("@")[1] ?? "") || /@0{40}$/.test(held)) found.add(held);
    }
  };
  walk(value);
  return [...found].slice(0, DIFFERENCES_MAX);
}
