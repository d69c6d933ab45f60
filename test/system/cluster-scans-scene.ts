import { gzipSync } from "node:zlib";
import { at, textAt } from "../doubles/cluster/api/fields.ts";
import type { RepositoryHandle } from "../doubles/github/github.ts";
import type { PreviewScene } from "./preview-scene.ts";
import { sarifOf } from "./scans-scene.ts";
import { until } from "./scene.ts";

/** What the tests of scans as Jobs share: what is on the cluster, and the report that a Job would send. */

export interface StartedJob {
  namespace: string;
  sha: string;
  uid: string;
  env: Record<string, string>;
  token: string;
  nonce: string;
}

export function scanNamespaces({ simulated: { cluster } }: PreviewScene, repository: RepositoryHandle): string[] {
  return cluster
    .objects("namespaces")
    .filter(({ metadata: { labels } }) => labels?.["hms-sys.dev/scan"] !== undefined)
    .filter(({ metadata: { labels } }) => labels?.["hms-sys.dev/repository"] === String(repository.id))
    .map(({ metadata }) => metadata.name);
}

/** The Jobs that scan a repository's commits, with what is in their Secrets. */
export function jobsOf(scene: PreviewScene, repository: RepositoryHandle): StartedJob[] {
  const { cluster } = scene.simulated;
  return scanNamespaces(scene, repository).flatMap((namespace) => {
    const [job] = cluster.objects("jobs.batch", namespace);
    const [secret] = cluster.objects("secrets", namespace);
    if (!job || !secret) return [];
    const [container] = at(job, "spec", "template", "spec", "containers") as {
      env: { name: string; value: string }[];
    }[];
    const decoded = (name: string) => Buffer.from(textAt(secret, "data", name), "base64").toString();
    return [
      {
        namespace,
        sha: job.metadata.labels?.["hms-sys.dev/commit"] ?? "",
        uid: job.metadata.uid ?? "",
        env: Object.fromEntries((container?.env ?? []).map(({ name, value }) => [name, value])),
        token: decoded("token"),
        nonce: decoded("nonce"),
      },
    ];
  });
}

/** The Job of a commit's scan, once it is there. */
export function jobOf(scene: PreviewScene, repository: RepositoryHandle, sha: string): Promise<StartedJob> {
  return until(scene.stage, `a Job scans ${sha}`, () => jobsOf(scene, repository).find((job) => job.sha === sha));
}

export async function send(job: StartedJob, change: { env?: Record<string, string>; sarif?: string } = {}) {
  const env = { ...job.env, ...change.env };
  const response = await fetch(env.HMS_REPORT_URL ?? "", {
    method: "POST",
    headers: {
      authorization: `Bearer ${job.token}`,
      "hms-scan-nonce": job.nonce,
      "hms-scan-sha": env.HMS_SHA ?? "",
      "hms-scan-outcome": "completed",
      "content-type": "application/sarif+json",
      "content-encoding": "gzip",
    },
    body: new Uint8Array(gzipSync(change.sarif ?? sarifOf([]))),
  });
  const { code = "", result = "" } = (await response.json()) as Record<string, string>;
  return { status: response.status, code: code || result };
}

export function gone(scene: PreviewScene, repository: RepositoryHandle): Promise<true> {
  return until(
    scene.stage,
    "no namespace of a scan is left",
    () => scanNamespaces(scene, repository).length === 0 || undefined,
  );
}
