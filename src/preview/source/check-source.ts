import { posix } from "node:path";
import type { PreviewReason } from "../../model/preview.ts";
import type { SourceTool } from "../plan.ts";
import { walkChart } from "./helm.ts";
import { kustomizationsIn, walkKustomization } from "./kustomize.ts";
import { type SourceFiles, SourceWalk } from "./source-walk.ts";

/** `needs`: paths whose texts decide, to be asked again with them. */
export type SourceVerdict = { tool: SourceTool } | { refused: PreviewReason[] } | { needs: string[] };

/**
 * Whether a component's folder holds nothing but manifests of this commit: Argo CD's repository server would follow what a contributor writes there
 * to any address, and run it. It reads no manifest: what they may hold is for the AppProject, the sync's own rights and admission to say.
 *
 * @param path folder in the source; `.` is its root
 */
export function checkSource(
  { component, path, helmRepositories }: { component: string; path: string; helmRepositories: readonly string[] },
  files: SourceFiles,
): SourceVerdict {
  const walk = new SourceWalk(files, component);
  const folder = posix.normalize(path).replace(/(?<=.)\/+$/, "");
  if (folder.startsWith("/") || folder === ".." || folder.startsWith("../"))
    walk.refuse(path, "is not a folder of the source");
  else if (!walk.hasFolder(folder) || files.entries.size === 0) walk.refuse(path, "is not a folder at this commit");
  const tool = walk.problems.length === 0 ? look(walk, folder, helmRepositories) : "directory";
  if (walk.problems.length > 0) return { refused: walk.problems };
  return walk.needs.size > 0 ? { needs: [...walk.needs] } : { tool };
}

function look(walk: SourceWalk, folder: string, helmRepositories: readonly string[]): SourceTool {
  refuseSubmodules(walk);
  // It takes the place of what HMS-SYS says about the source; a link under that name counts, for it is followed.
  for (const path of walk.filesIn(folder))
    if (/^\.argocd-source(?:-.*)?\.ya?ml$/i.test(posix.basename(path)))
      walk.refuse(path, "would override what the preview is made of");
  if (kustomizationsIn(walk, folder).length > 0) {
    walkKustomization(walk, folder);
    return "kustomize";
  }
  if (walk.filesIn(folder).some((path) => path.endsWith("Chart.yaml"))) {
    walkChart(walk, folder, helmRepositories);
    return "helm";
  }
  for (const path of walk.filesBelow(folder))
    if (walk.take(path) && /\.jsonnet$/i.test(path))
      walk.refuse(path, "is Jsonnet, a program, which previews do not run");
  return "directory";
}

/** Argo CD fetches the submodules of the whole repository, and theirs, from wherever `.gitmodules` says. */
function refuseSubmodules(walk: SourceWalk): undefined {
  if (!walk.files.entries.has(".gitmodules")) return;
  for (const [path, { mode }] of walk.files.entries)
    if (mode === "160000") return walk.refuse(path, "is a submodule, which Argo CD would fetch from anywhere");
}
