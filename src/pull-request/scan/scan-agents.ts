import { createHash } from "node:crypto";
import { posix } from "node:path";
import {
  agentFiles,
  findingsOf,
  type LintFile,
  lintAgentsApart,
  lintFile,
  planText,
  remediationPlan,
} from "../../agents/lint.ts";
import type { Finding, RemediationPlan } from "../../model/finding.ts";
import { joinWithin } from "../../model/markdown.ts";
import { storageKey } from "../../model/storage-key.ts";
import { GitHubError, type RepositoryApi } from "../../ports/github.ts";
import type { Records } from "../../ports/records.ts";

/** What the configuration of agents is at one commit: commits do not change, so it is remembered. */
export interface AgentsScan {
  findings: Finding[];
  notes: string[];
  plan: RemediationPlan;
  /** The same in Markdown; empty where nothing is to be mended. */
  planText: string;
}

/** `untilMs`: it is not tried again before, ms since the epoch. */
export type AgentsScanned = ({ ok: true } & AgentsScan) | { ok: false; why: string; untilMs?: number };

/** The lint of this very commit did not come to an end. */
interface AgentsFailed {
  failed: string;
  untilMs: number;
}

/** Of what the lint finds: another one makes what is remembered void. */
const REVISION = "2";
/** Beyond that a configuration is not looked at in part: what was left out would count as right. */
const [FILES_MAX, BYTES_MAX] = [500, 10 * 1024 * 1024];
/** More than the lint looks at. */
const FILE_BYTES_MAX = 2 * 1024 * 1024;
const CONCURRENT = 4;
const PLAN_MAX = 30_000;
/** What took all of its time or memory once will do so again, and costs a call for each file. */
const AGAIN_MS = 30 * 60_000;

/** Contents by blob SHA: two commits that are compared have most of them in common. */
type Blobs = Map<string, Uint8Array>;

/** Looks at the configuration of agents at one commit. What cannot be read whole is not known. */
export async function scanAgents(
  { api, records, installationId }: { api: RepositoryApi; records: Records; installationId: number },
  sha: string,
  patterns: readonly string[],
  { nowMs, blobs, lint = lintAgentsApart }: { nowMs: number; blobs: Blobs; lint?: typeof lintAgentsApart },
): Promise<AgentsScanned> {
  const about = createHash("sha256")
    .update(JSON.stringify([REVISION, patterns]))
    .digest("hex")
    .slice(0, 16);
  const key = storageKey.scan(installationId, api.ref.id, "agents", about, sha);
  const known = (await records.get<AgentsScan | AgentsFailed>(key))?.value;
  if (known !== undefined && !("failed" in known)) return { ok: true, ...known };
  if (known !== undefined && nowMs < known.untilMs) return { ok: false, why: known.failed, untilMs: known.untilMs };
  const read = await filesAt(api, sha, patterns, blobs).catch((error: unknown) => {
    if (error instanceof GitHubError && ["not-found", "forbidden", "refused"].includes(error.fault))
      return "GitHub does not give its files";
    throw error;
  });
  if (typeof read === "string")
    return { ok: false, why: `The commit ${sha.slice(0, 7)} cannot be looked at: ${read}.` };
  const outcome = await lint(read.files, read.known);
  if (!outcome.ok) {
    const failed = `The configuration could not be looked at: ${outcome.why}.`;
    const untilMs = nowMs + AGAIN_MS;
    await records.put(key, { failed, untilMs } satisfies AgentsFailed);
    return { ok: false, why: failed, untilMs };
  }
  const linted = outcome.lint;
  const scan: AgentsScan = {
    findings: findingsOf(linted, sha),
    notes: linted.notes,
    plan: remediationPlan(linted),
    planText: linted.findings.length === 0 ? "" : joinWithin(planText(linted).split("\n"), PLAN_MAX, linesLeft),
  };
  await records.put(key, scan);
  return { ok: true, ...scan };
}

function linesLeft(left: number): string {
  return `*${left} lines left out here.*`;
}

async function filesAt(
  api: RepositoryApi,
  sha: string,
  patterns: readonly string[],
  blobs: Blobs,
): Promise<{ files: LintFile[]; known: Set<string> } | string> {
  const tree = await api.tree(sha);
  if (!tree.whole) return "GitHub does not list all of its files";
  const paths = agentFiles([...tree.keys()], patterns);
  const fewer = "name fewer under scan.agents.paths";
  if (paths.length > FILES_MAX) return `it has more than ${FILES_MAX} such files; ${fewer}`;
  const small = paths.filter((path) => (tree.get(path)?.sizeBytes ?? 0) <= FILE_BYTES_MAX);
  const bytes = small.reduce((sum, path) => sum + (tree.get(path)?.sizeBytes ?? 0), 0);
  if (bytes > BYTES_MAX) return `its files are larger than 10 MB together; ${fewer}`;
  const readable = new Set(small.filter((path) => !LINKS.has(tree.get(path)?.mode ?? "")));
  const readBlob = async (path: string): Promise<Uint8Array> => {
    const blob = tree.get(path)?.sha ?? "";
    const content = blobs.get(blob) ?? (await api.blob(blob));
    blobs.set(blob, content);
    return content;
  };
  const files: LintFile[] = [];
  const queue = paths.entries();
  await Promise.all(
    Array.from({ length: CONCURRENT }, async () => {
      for (const [at, path] of queue) {
        const mode = tree.get(path)?.mode;
        if (readable.has(path)) files[at] = lintFile(path, await readBlob(path));
        else if (mode === "120000" && readable.has(targetOf(path, await readBlob(path)))) continue;
        else files[at] = { path, unread: { why: LINKS.get(mode ?? "") ?? "it is larger than 2 MB" } };
      }
    }),
  );
  return { files: files.filter((file) => file !== undefined), known: new Set(tree.keys()) };
}

/** By git's modes: neither a symbolic link nor a submodule is the file that it leads to. */
const LINKS = new Map([
  ["120000", "it is a symbolic link that does not lead to a file that is looked at"],
  ["160000", "it is a submodule"],
]);

function targetOf(path: string, link: Uint8Array): string {
  const target = new TextDecoder().decode(link);
  return target.startsWith("/") ? target : posix.join(posix.dirname(path), target);
}
