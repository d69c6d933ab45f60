import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { nanosOf } from "../../src/config/quantity.ts";
import { ownerOf } from "../../src/model/preview.ts";
import { applicationsOf, ownedBy, PREVIEW_KINDS, type PreviewPlan, previewObjects } from "../../src/preview/preview.ts";
import { component, inventoryCluster, previewConfig, previewPlan, SHA } from "./plans.ts";

const CREDENTIALS = {
  git: { username: "reader", password: "git-secret" },
  images: [{ registry: "ghcr.io", username: "puller", password: "image-secret" }],
};

function objectOf(plan: PreviewPlan, kind: string, name?: string) {
  const found = previewObjects(plan).find(
    ({ object }) => object.kind === kind && (name === undefined || object.metadata.name === name),
  );
  // biome-ignore lint/suspicious/noExplicitAny: what is read of it is said by each test.
  return found?.object as any;
}
const names = (plan: PreviewPlan) =>
  previewObjects(plan).map(({ cluster, object }) => `${cluster} ${object.kind} ${object.metadata.name}`);

test("what holds a preview is made before what deploys it", () => {
  const plan = previewPlan({
    credentials: CREDENTIALS,
    clusters: [inventoryCluster({ name: "eu" }), inventoryCluster({ name: "us" })],
  });
  const inside = (cluster: string) =>
    [
      `Namespace ${plan.slug}`,
      "ResourceQuota hms-quota",
      "LimitRange hms-limits",
      "ServiceAccount default",
      "ServiceAccount hms-sync",
      "RoleBinding hms-sync",
      "RoleBinding hms-manager",
      "Secret hms-pull",
      "NetworkPolicy hms-default-deny",
      "NetworkPolicy hms-ingress",
      "NetworkPolicy hms-egress",
      "NetworkPolicy hms-egress-declared",
    ].map((name) => `${cluster} ${name}`);
  expect(names(plan)).toEqual([
    ...inside("eu"),
    ...inside("us"),
    `in-cluster AppProject ${plan.slug}`,
    `in-cluster Secret ${plan.slug}-repo`,
    `in-cluster ApplicationSet ${plan.slug}`,
  ]);
  for (const { object } of previewObjects(plan))
    expect(ownerOf(object.metadata.labels)).toEqual({ ...plan.owner, slug: plan.slug });
});

describe("Pod Security", () => {
  test.each([
    [false, "baseline", "baseline"],
    [false, "restricted", "restricted"],
    [true, "baseline", "restricted"],
  ] as const)("fork %s, %s asked for: %s", (fork, podSecurity, expected) => {
    const plan = previewPlan({ fork, config: previewConfig({ podSecurity }) });
    expect(objectOf(plan, "Namespace").metadata.labels).toMatchObject({
      "pod-security.kubernetes.io/enforce": expected,
      "pod-security.kubernetes.io/enforce-version": "latest",
      "pod-security.kubernetes.io/warn": "restricted",
      "pod-security.kubernetes.io/audit": "restricted",
    });
  });
});

test("the quota forbids balancers and node ports, and holds what hms.yml allows", () => {
  const { hard } = objectOf(previewPlan(), "ResourceQuota").spec;
  expect(hard).toMatchObject({
    "services.loadbalancers": "0",
    "services.nodeports": "0",
    "requests.cpu": "2",
    "limits.cpu": "2",
    "requests.memory": "4Gi",
    "limits.memory": "4Gi",
    "requests.storage": "10Gi",
    pods: "20",
  });
});

test("a container that says nothing fits the quota: request ≤ limit ≤ most of one ≤ quota, none of them nothing", () => {
  const quantity = fc.oneof(
    fc.tuple(fc.integer({ min: 10, max: 64_000 }), fc.constant("m")),
    fc.tuple(fc.integer({ min: 1, max: 512 }), fc.constantFrom("", "k", "Ki", "M", "Mi", "G", "Gi")),
  );
  fc.assert(
    fc.property(quantity, quantity, (cpu, memory) => {
      const quota = { cpu: cpu.join(""), memory: memory.join("").replace("m", "M"), storage: "1Gi", pods: 3 };
      const [one] = objectOf(previewPlan({ config: previewConfig({ quota }) }), "LimitRange").spec.limits;
      for (const resource of ["cpu", "memory"] as const) {
        const steps = [one.defaultRequest, one.default, one.max, quota].map((of) => nanosOf(of[resource]) ?? -1n);
        expect(steps[0]).toBeGreaterThan(0n);
        expect(steps).toEqual([...steps].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0)));
      }
    }),
  );
});

describe("credentials", () => {
  test("reach a preview of the repository's own branches", () => {
    const plan = previewPlan({ credentials: CREDENTIALS });
    const pull = JSON.parse(
      Buffer.from(objectOf(plan, "Secret", "hms-pull").data[".dockerconfigjson"], "base64").toString(),
    );
    expect(pull.auths["ghcr.io"]).toMatchObject({ username: "puller", password: "image-secret" });
    expect(objectOf(plan, "ServiceAccount", "default").imagePullSecrets).toEqual([{ name: "hms-pull" }]);
    const { data } = objectOf(plan, "Secret", `${plan.slug}-repo`);
    expect(Buffer.from(data.project, "base64").toString()).toBe(plan.slug);
    expect(Buffer.from(data.url, "base64").toString()).toBe(plan.source.repoUrl);
  });

  test("never reach a fork's, not even those that were handed in", () => {
    const text = JSON.stringify(previewObjects(previewPlan({ fork: true, credentials: CREDENTIALS })));
    for (const secret of ["git-secret", "image-secret"]) {
      expect(text).not.toContain(secret);
      expect(text).not.toContain(Buffer.from(secret).toString("base64"));
    }
    expect(names(previewPlan({ fork: true, credentials: CREDENTIALS })).join()).not.toMatch(/ Secret /);
  });

  test("the Secret beside Argo CD goes with the project", () => {
    const [secret] = previewObjects(previewPlan({ credentials: CREDENTIALS })).filter((one) => one.ownedByProject);
    const project = { apiVersion: "argoproj.io/v1alpha1", kind: "AppProject", metadata: { name: "x", uid: "u" } };
    if (!secret) throw new Error("there is one");
    expect(ownedBy(secret.object, project).metadata.ownerReferences).toEqual([
      { apiVersion: "argoproj.io/v1alpha1", kind: "AppProject", name: "x", uid: "u" },
    ]);
  });
});

test("the project names one namespace, exact clusters, one source, and no kind of a cluster", () => {
  const clusters = [inventoryCluster({ name: "eu" }), inventoryCluster({ name: "us" })];
  const plan = previewPlan({ clusters, inventory: { extraKinds: [{ group: "db.acme.dev", kind: "Claim" }] } });
  expect(objectOf(plan, "AppProject")).toMatchObject({
    metadata: { name: plan.slug, namespace: "argocd", finalizers: ["resources-finalizer.argocd.argoproj.io"] },
    spec: {
      sourceRepos: ["https://github.com/acme/shop.git"],
      destinations: [
        { name: "eu", namespace: plan.slug },
        { name: "us", namespace: plan.slug },
      ],
      clusterResourceWhitelist: [],
      namespaceResourceWhitelist: [...PREVIEW_KINDS, { group: "db.acme.dev", kind: "Claim" }],
      destinationServiceAccounts: [{ server: "*", namespace: plan.slug, defaultServiceAccount: "hms-sync" }],
    },
  });
  expect(JSON.stringify(objectOf(plan, "AppProject").spec.destinations)).not.toContain("*");
});

describe("the set of Applications", () => {
  const elements = (plan: PreviewPlan) => objectOf(plan, "ApplicationSet").spec.generators[0].list.elements;
  const source = (plan: PreviewPlan) => elements(plan)[0].source;

  test("has every component on every cluster, pinned to the commit", () => {
    const plan = previewPlan({
      clusters: [inventoryCluster({ name: "eu" }), inventoryCluster({ name: "us" })],
      config: previewConfig({ components: [component(), component({ name: "api", path: "." })] }),
    });
    expect(elements(plan)).toMatchObject(applicationsOf(plan));
    expect(elements(plan).map((one: { source: { path: string } }) => one.source.path)).toEqual([
      "deploy/web",
      ".",
      "deploy/web",
      ".",
    ]);
    expect(
      elements(plan).every(
        (one: { source: object }) => "targetRevision" in one.source && one.source.targetRevision === SHA,
      ),
    ).toBe(true);
    expect(new Set(applicationsOf(plan).map(({ name }) => name)).size).toBe(4);
  });

  test("syncs by itself only while the preview is awake, and never starts without an error for what is missing", () => {
    const awake = objectOf(previewPlan(), "ApplicationSet").spec;
    expect(awake).toMatchObject({ goTemplate: true, goTemplateOptions: ["missingkey=error"] });
    expect(awake.template.spec.syncPolicy.automated).toEqual({ prune: true, selfHeal: true });
    expect(awake.template.spec.syncPolicy.syncOptions).toContain("FailOnSharedResource=true");
    expect(awake.template.metadata.finalizers).toEqual(["resources-finalizer.argocd.argoproj.io"]);
    expect(objectOf(previewPlan({ awake: false }), "ApplicationSet").spec.template.spec.syncPolicy).not.toHaveProperty(
      "automated",
    );
  });

  test.each([
    ["directory", { include: "*.{yaml,yml,json}" }],
    ["kustomize", { namespace: previewPlan().slug, images: [`shop=ghcr.io:5000/acme/shop:${SHA}`] }],
    [
      "helm",
      {
        releaseName: "web",
        skipCrds: true,
        parameters: [
          { name: "tag", value: `x-${SHA}`, forceString: true },
          { name: "on", value: "false" },
        ],
      },
    ],
  ] as const)("names the tool that reads a folder: %s", (tool, settings) => {
    const one = component({
      image: "ghcr.io:5000/acme/shop:{{head_sha}}",
      imageName: "shop",
      helm: { tag: "x-{{head_sha}}", on: "false" },
    });
    const plan = previewPlan({ config: previewConfig({ components: [one] }), tools: { web: tool } });
    expect(source(plan)[tool]).toEqual(settings);
    expect(Object.keys(source(plan))).toEqual(["repoURL", "path", "targetRevision", tool]);
  });

  test("takes the manifests of a deploy repository at its revision, and the commit as a parameter", () => {
    const config = previewConfig({
      source: { repository: "acme/deploy", path: "previews/shop", revision: "main" },
      components: [component({ path: "web", image: "ghcr.io/acme/web:{{head_sha}}" })],
    });
    const plan = previewPlan({ config, source: { repoUrl: "https://github.com/acme/deploy.git", revision: "main" } });
    expect(source(plan)).toMatchObject({
      repoURL: "https://github.com/acme/deploy.git",
      path: "previews/shop/web",
      targetRevision: "main",
      kustomize: { images: [`ghcr.io/acme/web=ghcr.io/acme/web:${SHA}`] },
    });
  });

  test("evaluates nothing but our own constants: what varies is data", () => {
    const text = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.constantFrom("{{ .x }}", "{{- end }}", '"}}', "`", "$(id)"),
    );
    const ours = (plan: PreviewPlan) => {
      const { generators: _, ...rest } = objectOf(plan, "ApplicationSet").spec;
      return rest;
    };
    fc.assert(
      fc.property(text, text, text, text, (path, value, revision, repoUrl) => {
        const plan = previewPlan({
          config: previewConfig({ components: [component({ path, image: value, helm: { [value]: value } })] }),
          source: { repoUrl, revision },
          url: value,
        });
        expect(ours(plan)).toEqual(ours(previewPlan()));
      }),
    );
    expect(
      JSON.stringify(ours(previewPlan()))
        .match(/\{\{.*?\}\}/g)
        ?.sort(),
    ).toEqual(["{{ .cluster }}", "{{ .component }}", "{{ .name }}", "{{ toJson .source }}"]);
  });
});
