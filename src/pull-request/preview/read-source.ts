import { createHash } from "node:crypto";
import type { Inventory } from "../../config/clusters.ts";
import type { PreviewConfig } from "../../config/preview.ts";
import { canonicalJson } from "../../model/canonical-json.ts";
import type { PreviewReason } from "../../model/preview.ts";
import type { RepositoryRef } from "../../model/pull-request.ts";
import { storageKey } from "../../model/storage-key.ts";
import { type GitHub, GitHubError, type RepositoryApi } from "../../ports/github.ts";
import type { Records } from "../../ports/records.ts";
import { checkSource, mayUse, pathOf, type SourceTool, TEXT_BYTES_MAX } from "../../preview/preview.ts";
import type { FactMemory } from "./github-facts.ts";

/** Texts of one commit that are read at most. */
const READS_MAX = 150;
const AT_ONCE = 8;
/** Grows when the inspection changes what it finds. */
const VERSION = 1;

/** `revision`: the commit that was looked at, 40 hex; `tools`: what makes manifests of each component's folder. */
export type InspectedSource =
  | { ok: true; revision: string; tools: Record<string, SourceTool> }
  | { refused: PreviewReason[] }
  | { unknown: string };

/** Whose source is read, and with what. */
export interface SourceScene {
  deps: { github: Pick<GitHub, "repository" | "repositories">; engine: { records: Records }; facts: FactMemory };
  key: { installationId: number };
  api: RepositoryApi;
  pull: { headSha: string };
  nowMs: number;
}

/**
 * Inspects the folders of all components at the one commit that is to be deployed. What cannot be read in full is unknown, never fine. What was
 * found is remembered by commit: it costs calls once.
 */
export async function readSource(
  scene: SourceScene,
  { inventory }: { inventory: Inventory },
  config: PreviewConfig,
): Promise<InspectedSource> {
  try {
    const source = await placeOf(scene, inventory, config);
    if ("refused" in source) return source;
    const { api, revision } = source;
    const asked = {
      version: VERSION,
      components: config.components.map((one) => ({ component: one.name, path: pathOf({ config }, one) })),
      helmRepositories: inventory.helmRepositories,
    };
    const digest = createHash("sha256").update(canonicalJson(asked)).digest("hex");
    const key = storageKey.previewSource(scene.key.installationId, api.ref.id, revision, digest);
    const { records } = scene.deps.engine;
    const known = await records.get<InspectedSource>(key);
    if (known) return known.value;
    const found = await inspect(api, revision, asked.components, inventory.helmRepositories);
    if (!("unknown" in found)) await records.put(key, found);
    return found;
  } catch (error) {
    // Of a limit the worker knows when it ends.
    if (!(error instanceof GitHubError) || error.fault === "limited") throw error;
    return { unknown: `GitHub did not show the source (${error.fault}).` };
  }
}

/** The repository and commit that the manifests come from: a moving branch is pinned to where it stands now. */
async function placeOf(
  { deps, key, api, pull, nowMs }: SourceScene,
  inventory: Inventory,
  { source }: PreviewConfig,
): Promise<{ api: RepositoryApi; revision: string } | { refused: PreviewReason[] }> {
  if (!source) return { api, revision: pull.headSha };
  const wanted = source.repository.toLowerCase();
  const own = `${api.ref.owner}/${api.ref.name}`.toLowerCase();
  const allowed = inventory.deployRepositories.some(
    ({ repository, usedBy }) => repository === wanted && mayUse(usedBy, own),
  );
  if (!allowed) return refused(`The operator has not allowed ${own} to be deployed from ${source.repository}.`);
  const { github } = deps;
  const found = await deps.facts.deployed(`${key.installationId}/${wanted}/${source.revision}`, nowMs, async () => {
    const ref = (await github.repositories(key.installationId)).find((one) => nameOf(one) === wanted);
    if (!ref) return undefined;
    const { summary } = await github.repository(key.installationId, ref).commit(source.revision);
    return { ref, sha: summary.sha };
  });
  if (!found) return refused(`HMS-SYS is not installed on ${source.repository}, from which the preview is to be made.`);
  return { api: github.repository(key.installationId, found.ref), revision: found.sha };
}

async function inspect(
  api: RepositoryApi,
  revision: string,
  components: readonly { component: string; path: string }[],
  helmRepositories: readonly string[],
): Promise<InspectedSource> {
  const entries = await api.tree(revision);
  if (entries.whole !== true) return { unknown: "The repository has more files than GitHub shows." };
  const texts = new Map<string, string | null>();
  const tools: Record<string, SourceTool> = {};
  const problems: PreviewReason[] = [];
  for (const one of components) {
    const question = { ...one, helmRepositories };
    let verdict = checkSource(question, { entries, texts });
    while ("needs" in verdict) {
      const { needs } = verdict;
      if (texts.size + needs.length > READS_MAX)
        return {
          refused: [{ ...reason(`is made of more than ${READS_MAX} files to follow.`), component: one.component }],
        };
      for (let at = 0; at < needs.length; at += AT_ONCE)
        await Promise.all(
          needs.slice(at, at + AT_ONCE).map(async (path) => {
            const bytes = await api.blob(entries.get(path)?.sha ?? "");
            texts.set(path, textOf(bytes));
          }),
        );
      verdict = checkSource(question, { entries, texts });
    }
    if ("refused" in verdict) problems.push(...verdict.refused);
    else tools[one.component] = verdict.tool;
  }
  return problems.length > 0 ? { refused: problems } : { ok: true, revision, tools };
}

function textOf(bytes: Uint8Array): string | null {
  if (bytes.byteLength > TEXT_BYTES_MAX) return null;
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null;
  }
}

function nameOf({ owner, name }: RepositoryRef): string {
  return `${owner}/${name}`.toLowerCase();
}

function reason(message: string): PreviewReason {
  return { cause: "source", message, awaits: "people" };
}

function refused(message: string): { refused: PreviewReason[] } {
  return { refused: [reason(message)] };
}
