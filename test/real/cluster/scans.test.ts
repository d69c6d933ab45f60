import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import type { KubeObject } from "../../../src/model/kubernetes.ts";
import { sarifOf } from "../../system/scans-scene.ts";
import { allowScanImage, SCAN_IMAGE } from "./scan-fixture.ts";
import { previewYml } from "./scene.ts";
import {
  isGreen,
  isRed,
  namespaceOf,
  type Opened,
  openPull,
  preview,
  push,
  type Story,
  setStory,
  until,
} from "./story.ts";

/*
 * Scans that are Jobs, with the rights and policies that are shipped. KWOK runs no containers, and says of a Job's Pods at once that they succeeded:
 * so these ask for more than any node has, and what a Job would report is sent with what its Secret holds.
 */

const DAST = "hms/scan/dast";
const directory = mkdtempSync(join(tmpdir(), "hms-scans-"));
let story: Story;
let server: Server;

beforeAll(async () => {
  const bed = inject("bed");
  await allowScanImage(bed);
  server = createServer((_, response) => response.end("well"));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const clusters = join(directory, "clusters.yml");
  const { clusterName } = bed;
  writeFileSync(
    clusters,
    `version: 1
argocd: { cluster: ${clusterName}, namespace: argocd }
clusters:
  - name: ${clusterName}
    context: bed
    scans: { image: "${SCAN_IMAGE}", report_cidrs: [192.0.2.1/32], cpu: "100000" }
hosts: ["*.scans.localhost"]
`,
  );
  story = await setStory({
    yml: `${previewYml(`  url: "http://pr-{{number}}.scans.localhost:${port}"\n`)}scan: { dast: { tool: sarif, runs_on: cluster } }\n`,
    environment: {
      HMS_CLUSTERS: clusters,
      HMS_EGRESS_ALLOW: [1, 2, 3, 4].map((n) => `pr-${n}.scans.localhost:${port}`).join(","),
    },
  });
});
afterAll(async () => {
  await story?.close();
  server?.close();
  rmSync(directory, { recursive: true, force: true });
});

type Listed = { items: KubeObject[] };
const list = async (path: string): Promise<KubeObject[]> => (await story.bed.api.call<Listed>("GET", path)).items;

/** As an administrator lists them anew. */
const premises = (sha?: string): Promise<KubeObject[]> => {
  const selector = [
    "hms-sys.dev/scan",
    `hms-sys.dev/repository=${story.stage.repository.id}`,
    ...(sha === undefined ? [] : [`hms-sys.dev/commit=${sha}`]),
  ].join(",");
  return list(`/api/v1/namespaces?labelSelector=${encodeURIComponent(selector)}`);
};

interface Started {
  namespace: string;
  env: Record<string, string>;
  token: string;
  nonce: string;
}
type Job = KubeObject & { spec: { template: { spec: { containers: { env: { name: string; value: string }[] }[] } } } };

async function jobOf({ sha }: Opened): Promise<Started> {
  let found: Started | undefined;
  await until(
    async () => {
      for (const { metadata } of await premises(sha)) {
        const namespace = metadata.name;
        const [job] = (await list(`/apis/batch/v1/namespaces/${namespace}/jobs`)) as Job[];
        const [secret] = (await list(`/api/v1/namespaces/${namespace}/secrets`)) as (KubeObject & {
          data: Record<string, string>;
        })[];
        if (!job || !secret || metadata.deletionTimestamp) continue;
        const decoded = (name: string) => Buffer.from(secret.data[name] ?? "", "base64").toString();
        const env = Object.fromEntries(
          (job.spec.template.spec.containers[0]?.env ?? []).map((one) => [one.name, one.value]),
        );
        found = { namespace, env, token: decoded("token"), nonce: decoded("nonce") };
      }
      return found !== undefined;
    },
    () => `a Job scans ${sha}`,
  );
  return found as Started;
}

async function send(job: Started, change: { url?: string; sha?: string; nonce?: string; sarif?: string } = {}) {
  const response = await fetch(change.url ?? job.env.HMS_REPORT_URL ?? "", {
    method: "POST",
    headers: {
      authorization: `Bearer ${job.token}`,
      "hms-scan-nonce": change.nonce ?? job.nonce,
      "hms-scan-sha": change.sha ?? job.env.HMS_SHA ?? "",
      "hms-scan-outcome": "completed",
      "content-type": "application/sarif+json",
      "content-encoding": "gzip",
    },
    body: new Uint8Array(gzipSync(change.sarif ?? sarifOf([]))),
  });
  return response.status;
}

const gone = () =>
  until(
    async () => (await premises()).length === 0,
    () => "an administrator's list shows a scan",
  );

test("one Job, one report by its token, and nothing of it stays; whatever else is sent is refused", async () => {
  const pull = await openPull(story);
  await preview(story, pull, isGreen);
  const job = await jobOf(pull);
  expect(job.namespace).not.toBe((await namespaceOf(story, pull)).metadata.name);
  const [pod] = await until(
    async () => {
      const pods = await list(`/api/v1/namespaces/${job.namespace}/pods`);
      return pods.length > 0;
    },
    () => "the Job has no Pod",
  ).then(() => list(`/api/v1/namespaces/${job.namespace}/pods`));
  // No token of the API came in by admission.
  expect(JSON.stringify(pod?.spec)).not.toContain("serviceAccountToken");
  expect(await send({ ...job, token: `hms-scan-${"x".repeat(43)}` })).toBe(401);
  expect(await send(job, { sha: "0".repeat(40) })).toBe(403);
  expect(await send(job, { nonce: "n".repeat(43) })).toBe(403);
  expect(await send(job, { sarif: sarifOf([{ rule: "xss", path: "login" }]) })).toBe(202);
  expect(await send(job)).toBe(409);
  await preview(story, pull, isRed, DAST);
  await gone();
  expect(await send(job)).toBe(409);
});

test("a push: the scan of the commit before is gone, its token too, and is none of the next one's", async () => {
  const pull = await openPull(story);
  const first = await jobOf(pull);
  await push(story, pull);
  const next = await jobOf(pull);
  await until(
    async () => (await premises()).length === 1,
    () => "another one is there",
  );
  expect(await send(first)).toBe(409);
  expect(await send({ ...next, token: first.token })).toBe(401);
  expect(await send(first, { url: next.env.HMS_REPORT_URL ?? "" })).toBe(401);
  expect(await send(next)).toBe(202);
  await preview(story, pull, isGreen, DAST);
  await gone();
});

test("somebody ends the Job: its report is refused while HMS-SYS has not even looked, and it is no pass", async () => {
  const pull = await openPull(story);
  const job = await jobOf(pull);
  await story.bed.api.call(
    "DELETE",
    `/apis/batch/v1/namespaces/${job.namespace}/jobs/hms-scan?propagationPolicy=Background`,
  );
  expect(await send(job)).toBe(409);
  const run = await preview(story, pull, ({ output }) => /Job/.test(`${output.summary}`), DAST);
  expect(run.conclusion).not.toBe("success");
  await gone();
});

test("killed with a Job under way: it is found again, and reports", async () => {
  const pull = await openPull(story);
  const job = await jobOf(pull);
  await story.stage.restart();
  const url = `${story.stage.hms.url}${new URL(job.env.HMS_REPORT_URL ?? "").pathname}`;
  let status = 503;
  await until(
    async () => {
      status = await send(job, { url });
      return status !== 503;
    },
    () => "the report is not answered",
  );
  expect(status).toBe(202);
  await preview(story, pull, isGreen, DAST);
  await gone();
});
