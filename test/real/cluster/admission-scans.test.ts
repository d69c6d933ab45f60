import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import type { KubeObject } from "../../../src/model/kubernetes.ts";
import { askerOf, NO_RIGHT, RBAC } from "./asker.ts";
import { refused, type TokenAttack } from "./own-writes.ts";
import { ANYBODY, expectDone, HMS, job, makeAnybody, marked, object, podSpec, secret } from "./preview-fixture.ts";
import { allowScanImage, partOf, SCAN_IMAGE, scanObjects } from "./scan-fixture.ts";

/* A scan's namespace: what HMS-SYS makes there goes through; what a stolen token of it would make there besides does not. */

const bed = inject("bed");
const admin = askerOf(bed);
const anybody = askerOf(bed, ANYBODY);
const hms = askerOf(bed, HMS);
const scan = scanObjects();
const [namespace] = scan as [KubeObject];
const place = namespace.metadata.name;
const labels = partOf(scan, "Job").metadata.labels ?? {};

/** Rights that were bound a moment ago, and a policy that was changed, are known to all of the API server a little later. */
async function applied(made: KubeObject): Promise<void> {
  for (let tried = 1; ; tried++) {
    const answer = await hms.apply(made);
    if (answer.status < 300) return;
    if (tried === 40) expectDone(answer, made.kind);
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
}

beforeAll(async () => {
  await makeAnybody(bed);
  await allowScanImage(bed);
  for (const made of scan) await applied(made);
});
afterAll(() => admin.remove(namespace));

test("HMS-SYS makes a scan, again without a change, reads its Pods and removes it all", async () => {
  for (const made of scan) expectDone(await hms.apply(made), made.kind);
  const other = scanObjects();
  expect(other[0]?.metadata.labels?.["hms-sys.dev/role"]).toBe("dast");
  for (const made of other) await applied(made);
  const there = other[0]?.metadata.name;
  expect((await hms.ask("GET", `/api/v1/namespaces/${there}/pods`)).status).toBe(200);
  expectDone(await hms.remove(other[0] as KubeObject), "Namespace");
});

test("the scan of an image has no role that previews let in", async () => {
  const [image] = scanObjects("image") as [KubeObject];
  expect(image.metadata.labels).not.toHaveProperty(["hms-sys.dev/role"]);
  await applied(image);
  await refused("a role", () => hms.merge(image, { metadata: { labels: { "hms-sys.dev/role": "dast" } } }));
  expectDone(await hms.remove(image), "Namespace");
});

type Pod = Record<string, unknown> & { containers: Record<string, unknown>[] };
type JobObject = KubeObject & { spec: { template: { metadata: object; spec: Pod } } };

/** The Job of another scan whose namespace is made first, with one thing changed. */
function jobWith(change: (job: JobObject) => void): () => ReturnType<typeof hms.apply> {
  return () => {
    const changed = structuredClone(partOf(scan, "Job")) as JobObject;
    // It is not there yet under this name of a namespace, so that nothing is immutable.
    change(changed);
    return hms.create(changed);
  };
}
const pod = (more: object) =>
  jobWith(({ spec }) => {
    Object.assign(spec.template.spec, more);
  });
const volumes = (secrets: object) =>
  pod({
    volumes: [
      { name: "secrets", ...secrets },
      { name: "scratch", emptyDir: {} },
    ],
  });
const container = (more: object) =>
  jobWith(({ spec }) => {
    Object.assign(spec.template.spec.containers[0] ?? {}, more);
  });
const labelled = (made: KubeObject) => marked(made, { labels });
const policy = (spec: object) => () =>
  hms.apply(labelled(object("networking.k8s.io/v1", "NetworkPolicy", place, "hms-more", { spec })));
const namespaceWith = (more: Record<string, string>) => () => {
  const [fresh] = scanObjects();
  return hms.apply(marked(fresh as KubeObject, { labels: { ...fresh?.metadata.labels, ...more } }));
};

describe("a stolen token of HMS-SYS", () => {
  const jobs: TokenAttack[] = [
    ["another image", "images that no scan runs", container({ image: "ghcr.io/evil/miner@sha256:0" })],
    ["the image by a tag", "images that no scan runs", container({ image: SCAN_IMAGE.replace(/@.*/, ":latest") })],
    ["another command", "runs as it is", container({ command: ["sh", "-c", "evil"] })],
    ["other arguments", "runs as it is", container({ args: ["evil"] })],
    ["another variable", "runs as it is", container({ env: [{ name: "LD_PRELOAD", value: "/tmp/x" }] })],
    [
      "a variable from elsewhere",
      "runs as it is",
      container({ env: [{ name: "HMS_X", valueFrom: { secretKeyRef: { name: "other", key: "x" } } }] }),
    ],
    ["all variables of a Secret", "runs as it is", container({ envFrom: [{ secretRef: { name: "other" } }] })],
    ["no limits", "runs as it is", container({ resources: {} })],
    [
      "two containers",
      "images that no scan runs",
      jobWith(({ spec }) => {
        spec.template.spec.containers.push({ ...spec.template.spec.containers[0], name: "more" });
      }),
    ],
    ["containers before", "has no identity", pod({ initContainers: podSpec().containers })],
    ["a token of the API", "has no identity", pod({ automountServiceAccountToken: true })],
    ["another identity", "has no identity", pod({ serviceAccountName: "builder" })],
    ["a node of its choice", "has no identity", pod({ nodeName: "bed" })],
    ["a priority", "has no identity", pod({ priorityClassName: "system-node-critical" })],
    ["names of its own", "has no identity", pod({ hostAliases: [{ ip: "192.0.2.9", hostnames: ["hms"] }] })],
    ["a folder of the node", "has no identity", volumes({ hostPath: { path: "/" } })],
    ["another Secret", "has no identity", volumes({ secret: { secretName: "other" } })],
    [
      "no end",
      "runs once and ends",
      jobWith(({ spec }) => {
        Object.assign(spec, { activeDeadlineSeconds: undefined });
      }),
    ],
    [
      "more than one try",
      "runs once and ends",
      jobWith(({ spec }) => {
        Object.assign(spec, { backoffLimit: 6 });
      }),
    ],
    [
      "many Pods at a time",
      "runs once and ends",
      jobWith(({ spec }) => {
        Object.assign(spec, { parallelism: 50 });
      }),
    ],
    [
      "another name",
      "runs once and ends",
      jobWith(({ metadata }) => {
        metadata.name = "evil";
      }),
    ],
    [
      "no labels of ours",
      "which it did not make",
      // Where it has none, Kubernetes gives it those of its template.
      jobWith(({ metadata, spec }) => {
        metadata.labels = {};
        spec.template.metadata = {};
      }),
    ],
    [
      "another namespace",
      NO_RIGHT,
      jobWith(({ metadata }) => {
        metadata.namespace = "default";
      }),
    ],
  ];
  test.each(jobs)("a Job with %s", (_, refusal, attack) => refused(refusal, attack));

  const others: TokenAttack[] = [
    ["a Pod", NO_RIGHT, () => hms.create(object("v1", "Pod", place, "evil", { spec: podSpec() }))],
    ["the token read", NO_RIGHT, () => hms.read(partOf(scan, "Secret"))],
    ["another Secret", NO_RIGHT, () => hms.apply(labelled(secret(place, "evil")))],
    [
      "another role bound to itself",
      /hms-scan-manager to itself|cannot bind|attempting to grant/,
      () =>
        hms.apply(
          labelled(
            object(`${RBAC}/v1`, "RoleBinding", place, "hms-evil", {
              roleRef: { apiGroup: RBAC, kind: "ClusterRole", name: "hms-preview-sync" },
              subjects: [{ apiGroup: RBAC, kind: "User", name: HMS }],
            }),
          ),
        ),
    ],
    [
      "somebody else bound",
      "hms-scan-manager to itself",
      () =>
        hms.apply(
          labelled(
            object(`${RBAC}/v1`, "RoleBinding", place, "hms-evil", {
              roleRef: { apiGroup: RBAC, kind: "ClusterRole", name: "hms-scan-manager" },
              subjects: [{ apiGroup: RBAC, kind: "User", name: "mallory" }],
            }),
          ),
        ),
    ],
    [
      "an account with a token",
      "without a token",
      () => hms.merge(partOf(scan, "ServiceAccount"), { automountServiceAccountToken: true }),
    ],
    [
      "another account",
      "without a token",
      () => hms.apply(labelled(object("v1", "ServiceAccount", place, "more", { automountServiceAccountToken: false }))),
    ],
    [
      "somebody let in",
      "nobody reaches a scan",
      policy({ podSelector: {}, policyTypes: ["Ingress", "Egress"], ingress: [{}] }),
    ],
    ["out to everywhere", "not everything", policy({ podSelector: {}, policyTypes: ["Egress"], egress: [{}] })],
    [
      "out to every address",
      "not everything",
      policy({ podSelector: {}, policyTypes: ["Egress"], egress: [{ to: [{ ipBlock: { cidr: "0.0.0.0/0" } }] }] }),
    ],
    [
      "out to every namespace",
      "not everything",
      policy({ podSelector: {}, policyTypes: ["Egress"], egress: [{ to: [{ namespaceSelector: {} }] }] }),
    ],
    [
      "a namespace under baseline",
      "Pod Security is restricted",
      namespaceWith({ "pod-security.kubernetes.io/enforce": "baseline" }),
    ],
    ["a namespace with another role", "a role", namespaceWith({ "hms-sys.dev/role": "ingress" })],
    [
      "a namespace that is a preview as well",
      "labels that HMS-SYS does not give",
      namespaceWith({ "hms-sys.dev/preview": place }),
    ],
    ["a namespace with others' labels", "labels that HMS-SYS does not give", namespaceWith({ team: "production" })],
    [
      "a namespace that says it is another's",
      "touches only namespaces of its previews and scans",
      namespaceWith({ "hms-sys.dev/scan": place }),
    ],
    [
      "another owner",
      "does not change its owner",
      () => hms.merge(namespace, { metadata: { labels: { "hms-sys.dev/commit": "0".repeat(40) } } }),
    ],
    ["its role taken", "a role", () => hms.merge(namespace, { metadata: { labels: { "hms-sys.dev/role": null } } })],
  ];
  test("a Secret with a token for the API", async () => {
    const fresh = scanObjects();
    await applied(fresh[0] as KubeObject);
    const made = partOf(fresh, "Secret");
    const annotations = { "kubernetes.io/service-account.name": "default" };
    await refused("only Secret of a scan", () =>
      hms.apply(
        marked({ ...made, type: "kubernetes.io/service-account-token", immutable: undefined }, { annotations }),
      ),
    );
    expectDone(await hms.remove(fresh[0] as KubeObject), "Namespace");
  });

  test.each(others)("%s", (_, refusal, attack) => refused(refusal, attack));
});

describe("whoever may do everything else", () => {
  const attacks: TokenAttack[] = [
    [
      "makes a namespace that previews take for a scan's",
      "only HMS-SYS makes namespaces of scans",
      () => anybody.create(scanObjects()[0] as KubeObject),
    ],
    [
      "labels one of his own so",
      "only HMS-SYS changes labels",
      () => anybody.merge(namespace, { metadata: { labels: { "hms-sys.dev/role": "other" } } }),
    ],
    [
      "holds it by a finalizer",
      "takes no finalizers",
      () => anybody.merge(namespace, { metadata: { finalizers: ["a.b/c"] } }),
    ],
  ];
  test.each(attacks)("%s", (_, refusal, attack) => refused(refusal, attack));

  test("Pod Security and the quota hold there for everybody", async () => {
    const more = await anybody.create(job(place, "theirs", { hostNetwork: true }));
    expect(more.message).toMatch(/quota/);
  });
});
