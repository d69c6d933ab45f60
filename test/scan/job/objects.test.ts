import { describe, expect, test } from "vitest";
import { PREVIEW_LABELS } from "../../../src/model/preview.ts";
import { isOurScan, type JobPlan, jobObjects, scanNamespace, scanOwnerOf } from "../../../src/scan/job.ts";

const owner = { appId: 7, installationId: 1, repositoryId: 42, sha: "a".repeat(40), id: "b".repeat(32) };
const plan: JobPlan = {
  owner,
  kind: "dast",
  tool: "wapiti",
  target: "https://shop.example:8443/$(HMS_TOKEN_FILE)",
  preview: "pr-shop-1",
  timeoutMs: 90_500,
  reportUrl: "https://hms.example/api/v1/scans/b/report",
  token: "the-token",
  nonce: "the-nonce",
  operator: {
    image: `registry.example/scan@sha256:${"5".repeat(64)}`,
    reportCidrs: ["192.0.2.1/32"],
    targetCidrs: ["192.0.2.2/32"],
    registryCidrs: ["192.0.2.3/32"],
    cpu: "1",
    memory: "1Gi",
  },
  ingressLabels: { "kubernetes.io/metadata.name": "ingress-nginx" },
  user: "hms",
};
const textOf = (kind: string, changed: Partial<JobPlan> = {}, name = "") =>
  JSON.stringify(
    jobObjects({ ...plan, ...changed }).filter((one) => one.kind === kind && one.metadata.name.includes(name)),
  );

test("everything is made before the Job, and the namespace before everything", () => {
  const kinds = jobObjects(plan).map(({ kind }) => kind);
  expect([kinds[0], kinds.at(-1)]).toEqual(["Namespace", "Job"]);
  expect(kinds.indexOf("NetworkPolicy")).toBeLessThan(kinds.indexOf("Job"));
});

test("the token and the nonce stand in the Secret and nowhere else", () => {
  const others = JSON.stringify(jobObjects(plan).filter(({ kind }) => kind !== "Secret"));
  for (const secret of [plan.token, plan.nonce]) {
    expect(others).not.toContain(secret);
    expect(others).not.toContain(Buffer.from(secret).toString("base64"));
    expect(textOf("Secret")).toContain(Buffer.from(secret).toString("base64"));
  }
});

test("what a target says is not put in by Kubernetes", () => {
  expect(textOf("Job")).toContain("https://shop.example:8443/$$(HMS_TOKEN_FILE)");
});

test("it is ended by Kubernetes too", () => {
  expect(textOf("Job")).toContain('"activeDeadlineSeconds":91');
});

describe("whom it reaches", () => {
  test("a dynamic scan: the preview, what publishes it, and HMS-SYS", () => {
    const egress = textOf("NetworkPolicy", {}, "egress");
    expect(egress).toContain('"kubernetes.io/metadata.name":"pr-shop-1"');
    expect(egress).toContain('"ingress-nginx"');
    expect(egress).toContain('"192.0.2.1/32"}}],"ports":[{"protocol":"TCP","port":443}]');
    expect(egress).toContain('"192.0.2.2/32"}}],"ports":[{"protocol":"TCP","port":8443}]');
    expect(egress).not.toContain("192.0.2.3");
  });

  test("no labels of an ingress controller are not all namespaces", () => {
    const egress = textOf("NetworkPolicy", { ingressLabels: {} }, "egress");
    expect(egress).not.toContain('"matchLabels":{}');
  });

  test("an image scan: registries, and no preview", () => {
    const { preview: _, ...rest } = plan;
    const objects = jobObjects({ ...rest, kind: "image", target: "ghcr.io/acme/web:1" });
    const text = JSON.stringify(objects);
    expect(text).toContain("192.0.2.3/32");
    expect(text).not.toMatch(/192\.0\.2\.2|pr-shop-1|ingress-nginx|hms-sys\.dev\/role/);
  });
});

describe("whose a namespace is", () => {
  const namespace = jobObjects(plan)[0] ?? { apiVersion: "v1", kind: "Namespace", metadata: { name: "" } };
  test("that of the scan it was made for", () => {
    expect(scanOwnerOf(namespace)).toEqual(owner);
    expect(isOurScan(namespace, owner)).toBe(true);
    expect(namespace.metadata.name).toBe(scanNamespace(owner.id));
    for (const change of [
      { appId: 8 },
      { installationId: 2 },
      { repositoryId: 43 },
      { sha: "c".repeat(40) },
      { id: "d".repeat(32) },
    ])
      expect(isOurScan(namespace, { ...owner, ...change })).toBe(false);
  });

  test.each<[string, Record<string, string | undefined>, string?]>([
    ["no labels of ours", { [PREVIEW_LABELS.managedBy]: "helm" }],
    ["another's name", { "hms-sys.dev/scan": `hms-scan-${"c".repeat(32)}` }],
    ["a commit that is none", { "hms-sys.dev/commit": "main" }],
    ["an App that is none", { [PREVIEW_LABELS.app]: "0" }],
    ["labels of ours on a namespace of others", {}, "default"],
  ])("nobody's: %s", (_, labels, name = namespace.metadata.name) => {
    const changed = Object.fromEntries(
      Object.entries({ ...namespace.metadata.labels, ...labels }).filter((one): one is [string, string] => !!one[1]),
    );
    expect(scanOwnerOf({ ...namespace, metadata: { name, labels: changed } })).toBeUndefined();
  });
});
