import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { webManifests } from "../real/cluster/scene.ts";
import { simulateCluster } from "../stage/simulated-cluster.ts";
import type { Ground } from "./previews.ts";

/** A cluster in memory with a simulated Argo CD, and a repository with a few commits to deploy from it, until it is ended. */

const directory = mkdtempSync(join(tmpdir(), "hms-bench-repository-"));
process.once("exit", () => rmSync(directory, { recursive: true, force: true }));

function commits(path: string, count: number): string[] {
  const git = (...words: string[]) => execFileSync("git", ["-C", path, ...words], { encoding: "utf8" }).trim();
  mkdirSync(path, { recursive: true });
  git("init", "--quiet");
  for (const [file, text] of Object.entries(webManifests())) {
    mkdirSync(dirname(join(path, file)), { recursive: true });
    writeFileSync(join(path, file), text);
  }
  return Array.from({ length: count }, (_, i) => {
    writeFileSync(
      join(path, "deploy/web/version.yaml"),
      `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: version }\ndata: { of: "${i}" }\n`,
    );
    git("add", "--all");
    git("-c", "user.name=ada", "-c", "user.email=ada@acme.dev", "commit", "--quiet", "--message", `version ${i}`);
    return git("rev-parse", "HEAD");
  });
}

process.once("message", async (count: number) => {
  const shas = commits(join(directory, "acme/shop.git"), count);
  const { cluster, environment } = await simulateCluster();
  const ground: Ground = {
    url: cluster.url,
    adminToken: cluster.tokens.admin,
    kubeconfig: environment.KUBECONFIG ?? "",
    repositories: `file://${directory}`,
    shas,
  };
  process.send?.(ground);
});
