import type { KubeObject } from "../../../src/model/kubernetes.ts";
import type { PreviewRecord } from "../../../src/model/preview.ts";
import { storageKey } from "../../../src/model/storage-key.ts";
import { repositoryStream } from "../../../src/ports/ledger.ts";
import { type SHOP, shaOf, type Village } from "./village.ts";

const HOUR_MS = 3_600_000;

/** A pull request with a preview as a run would have written it down. Returns its record. */
export async function previewed(
  { deps, clock, judged }: Village,
  at: typeof SHOP,
  number: number,
  change: Partial<PreviewRecord> = {},
): Promise<PreviewRecord> {
  const { installationId, repositoryId } = at;
  const slug = `pr-shop-${number}-0a1b2c3d`;
  const nowMs = clock.now();
  await judged(at, number);
  const record: PreviewRecord = {
    state: "healthy",
    sha: shaOf(number),
    slug,
    url: `https://${slug}.preview.acme.dev`,
    reasons: [],
    parts: [
      {
        component: "web",
        cluster: "eu",
        application: `${slug}-web`,
        sync: "Synced",
        health: "Healthy",
        revision: shaOf(number),
        green: true,
      },
    ],
    made: [{ cluster: "eu", namespace: slug, argocd: { cluster: "hub", namespace: "argocd" } }],
    sinceMs: nowMs,
    createdAtMs: nowMs - 2 * HOUR_MS,
    activeAtMs: nowMs,
    sleepsAtMs: nowMs + 3 * HOUR_MS,
    expiresAtMs: nowMs + 96 * HOUR_MS,
    ...change,
  };
  await deps.engine.records.put(storageKey.preview(installationId, repositoryId, number), record);
  const subject = `preview/${installationId}/${repositoryId}/${number}`;
  await deps.engine.ledger.append(repositoryStream(at), [
    {
      type: "deployment_thought",
      subject,
      atMs: nowMs,
      id: `deployment_thought/${subject}`,
      data: {
        sha: record.sha,
        slug,
        chosen: ["eu"],
        why: "it scores best",
        options: [
          { cluster: "eu", facts: { region: "eu-west", load: 3 } },
          { cluster: "us", facts: { load: 0 }, unfit: "is in us-east" },
        ],
        scores: { eu: { total: 0.9 } },
      },
    },
    {
      type: `preview_${record.state.replaceAll("-", "_")}`,
      subject,
      atMs: nowMs,
      id: `preview/${subject}`,
      data: { sha: record.sha, slug, clusters: ["eu"], reasons: record.reasons.map((one) => one.message) },
    },
  ]);
  return record;
}

/** A namespace as an API server tells of it, with a secret wherever one could stand. */
export function namespaceObjects(secret: string): KubeObject[] {
  const meta = (name: string) => ({ name, namespace: "pr", creationTimestamp: "2026-01-01T00:00:00Z" });
  const template = { spec: { containers: [{ name: "web", env: [{ name: "KEY", value: secret }], args: [secret] }] } };
  return [
    {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { ...meta("web-5d-x7k2p"), annotations: { note: secret } },
      ...template,
      status: {
        phase: "Running",
        containerStatuses: [
          { ready: false, restartCount: 3, state: { waiting: { reason: "CrashLoopBackOff", message: secret } } },
        ],
      },
    },
    {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: meta("web"),
      spec: { replicas: 3, template },
      status: { readyReplicas: 2 },
    },
    { apiVersion: "apps/v1", kind: "StatefulSet", metadata: meta("db"), spec: { replicas: 0, template } },
    { apiVersion: "v1", kind: "Secret", metadata: meta("secret"), data: { key: secret } },
    { apiVersion: "v1", kind: "ConfigMap", metadata: meta("settings"), data: { key: secret } },
    {
      apiVersion: "v1",
      kind: "Event",
      metadata: meta("web.1"),
      involvedObject: { kind: "Pod", name: "web-5d-x7k2p" },
      reason: "BackOff",
      message: "Back-off restarting failed container <b>web</b>",
      type: "Warning",
      count: 7,
      lastTimestamp: "2026-01-01T00:00:10Z",
    },
    {
      apiVersion: "v1",
      kind: "ResourceQuota",
      metadata: meta("hms-quota"),
      status: {
        hard: { pods: "20", "requests.cpu": "2", services: "50" },
        used: { pods: "5", "requests.cpu": "1500m", services: "0" },
      },
    },
  ];
}
