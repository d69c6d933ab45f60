import { createHash } from "node:crypto";
import {
  agentFiles,
  findingsOf,
  type LintFile,
  lintAgentsApart,
  planText,
  remediationPlan,
} from "../../agents/lint.ts";
import type { Finding, RemediationPlan } from "../../model/finding.ts";
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

export type AgentsScanned = ({ ok: true } & AgentsScan) | { ok: false; why: string };

/** Of what the lint finds: another one makes what is remembered void. */
const REVISION = "1";
/** Beyond that a configuration is not looked at in part: what was left out would count as right. */
const [FILES_MAX, BYTES_MAX, FILE_BYTES_MAX] = [500, 10 * 1024 * 1024, 2 * 1024 * 1024];
const CONCURRENT = 4;
const PLAN_MAX = 30_000;

/** Looks at the configuration of agents at one commit. What cannot be read whole is not known. */
export async function scanAgents(
  { api, records, installationId }: { api: RepositoryApi; records: Records; installationId: number },
  sha: string,
  patterns: readonly string[],
): Promise<AgentsScanned> {
  const about = createHash("sha256")
    .update(JSON.stringify([REVISION, patterns]))
    .digest("hex")
    .slice(0, 16);
  const key = storageKey.scan(installationId, api.ref.id, "agents", about, sha);
  const known = await records.get<AgentsScan>(key);
  if (known) return { ok: true, ...known.value };
  const read = await filesAt(api, sha, patterns).catch((error: unknown) => {
    if (error instanceof GitHubError && ["not-found", "forbidden", "refused"].includes(error.fault))
      return "GitHub does not give its files";
    throw error;
  });
  if (typeof read === "string")
    return { ok: false, why: `The commit ${sha.slice(0, 7)} cannot be looked at: ${read}.` };
  const outcome = await lintAgentsApart(read.files, read.known);
  if (!outcome.ok) return { ok: false, why: `The configuration could not be looked at: ${outcome.why}.` };
  const { lint } = outcome;
  const scan: AgentsScan = {
    findings: findingsOf(lint, sha),
    notes: lint.notes,
    plan: remediationPlan(lint),
    planText: lint.findings.length === 0 ? "" : planText(lint).slice(0, PLAN_MAX),
  };
  await records.put(key, scan);
  return { ok: true, ...scan };
}

async function filesAt(
  api: RepositoryApi,
  sha: string,
  patterns: readonly string[],
): Promise<{ files: LintFile[]; known: Set<string> } | string> {
  const tree = await api.tree(sha);
  if (!tree.whole) return "GitHub does not list all of its files";
  const paths = agentFiles([...tree.keys()], patterns);
  if (paths.length > FILES_MAX) return `it has more than ${FILES_MAX} such files`;
  const sizes = paths.map((path) => tree.get(path)?.sizeBytes ?? 0);
  if (sizes.some((size) => size > FILE_BYTES_MAX)) return "one of its files is larger than 2 MB";
  if (sizes.reduce((sum, size) => sum + size, 0) > BYTES_MAX) return "its files are larger than 10 MB together";
  const files: LintFile[] = [];
  const queue = paths.entries();
  await Promise.all(
    Array.from({ length: CONCURRENT }, async () => {
      for (const [at, path] of queue) {
        const blob = tree.get(path)?.sha;
        // Neither a link nor a submodule is the file that it leads to.
        const plain = blob !== undefined && !["120000", "160000"].includes(tree.get(path)?.mode ?? "");
        if (plain) files[at] = { path, text: new TextDecoder().decode(await api.blob(blob)) };
      }
    }),
  );
  return { files: files.filter((file) => file !== undefined), known: new Set(tree.keys()) };
}
