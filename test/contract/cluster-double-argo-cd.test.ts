import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { at, textAt } from "../doubles/cluster/api/fields.ts";
import { type ClusterDouble, startCluster } from "../doubles/cluster/cluster.ts";
import { type GitHub, type RepositoryHandle, startGitHub } from "../doubles/github/github.ts";

/*
 * What the simulated Argo CD does, as the real one does it: each of these facts was found on Argo CD 3.2.6.
 */

const API = "argoproj.io/v1alpha1";
const ANY = [{ group: "*", kind: "*" }];

const deployment = (image: string) => `apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  replicas: 1
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec: { containers: [{ name: web, image: "${image}" }] }
`;
const ROLE_BINDING = `apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: { name: taken }
roleRef: { apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: cluster-admin }
subjects: [{ kind: ServiceAccount, name: default }]
`;

let cluster: ClusterDouble;
let github: GitHub;
let owner: string;
let count = 0;
let slug = "";

beforeAll(async () => {
  [cluster, github] = [await startCluster(), await startGitHub()];
  owner = github.createUser("ada").login;
});
afterAll(async () => {
  await cluster.stop();
  await github.close();
});
beforeEach(() => {
  slug = `pr-shop-${++count}`;
});

const until = (condition: () => unknown) =>
  vi.waitFor(async () => void (await condition()), { timeout: 20_000, interval: 20 });
const application = () =>
  cluster.objects("applications", "argocd").find(({ metadata }) => metadata.name === `${slug}-web`);
const status = (...path: string[]) => textAt(application(), "status", ...path);
const names = (plural: string) => cluster.objects(plural, slug).map(({ metadata }) => metadata.name);

function place(rules: object[], kinds: object[], namespace: object = { name: slug }): void {
  const metadata = { name: slug, namespace: slug };
  cluster.install({ apiVersion: "v1", kind: "Namespace", metadata: namespace });
  const rbac = "rbac.authorization.k8s.io/v1";
  cluster.install({ apiVersion: rbac, kind: "Role", metadata, rules });
  const roleRef = { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: slug };
  const subjects = [{ kind: "ServiceAccount", name: "hms-sync", namespace: slug }];
  cluster.install({ apiVersion: rbac, kind: "RoleBinding", metadata, roleRef, subjects });
  const destination = { server: "https://kubernetes.default.svc", namespace: slug };
  const spec = {
    sourceRepos: ["*"],
    destinations: [destination],
    namespaceResourceWhitelist: kinds,
    destinationServiceAccounts: [{ ...destination, defaultServiceAccount: "hms-sync" }],
  };
  cluster.install({ apiVersion: API, kind: "AppProject", metadata: { name: slug, namespace: "argocd" }, spec });
}

/** As HMS-SYS makes it: the source reaches the Application as data. */
function deploy(repoURL: string, targetRevision: string, path = "deploy"): void {
  const source = { repoURL, targetRevision, path };
  cluster.install({
    apiVersion: API,
    kind: "ApplicationSet",
    metadata: { name: slug, namespace: "argocd" },
    spec: {
      goTemplate: true,
      goTemplateOptions: ["missingkey=error"],
      generators: [{ list: { elements: [{ name: `${slug}-web`, source }] } }],
      template: {
        metadata: { name: "{{ .name }}", finalizers: ["resources-finalizer.argocd.argoproj.io"] },
        spec: {
          project: slug,
          destination: { name: "in-cluster", namespace: slug },
          syncPolicy: { automated: { prune: true, selfHeal: true }, retry: { limit: 0 } },
        },
      },
      templatePatch: '{"spec":{"source":{{ toJson .source }}}}',
    },
  });
}

const push = (repository: RepositoryHandle, files: Record<string, string | null>) =>
  github.commit(repository, repository.defaultBranch, { files, author: owner, message: "change" });

async function preview(
  files: Record<string, string>,
  options: { path?: string; rules?: object[]; kinds?: object[]; namespace?: object } = {},
) {
  const repository = await github.createRepository(owner, slug);
  const head = await push(repository, files);
  place(
    options.rules ?? [{ apiGroups: ["*"], resources: ["*"], verbs: ["*"] }],
    options.kinds ?? ANY,
    options.namespace,
  );
  deploy(repository.cloneUrl, head, options.path);
  return { repository, head };
}

describe("a source that is fine", () => {
  test("is synced at its commit, by the project's account, and runs; a push moves it, and prunes", async () => {
    const { repository, head } = await preview({
      "deploy/web.yaml": deployment("web:1"),
      "deploy/old.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: old }\n",
    });
    await until(() => {
      expect(status("sync", "status")).toBe("Synced");
      expect(status("health", "status")).toBe("Healthy");
      expect(status("operationState", "phase")).toBe("Succeeded");
    });
    expect(status("sync", "revision")).toBe(head);
    expect(status("operationState", "syncResult", "revision")).toBe(head);
    expect(cluster.objects("pods", slug).map((pod) => textAt(pod, "status", "phase"))).toEqual(["Running"]);
    const next = await push(repository, { "deploy/web.yaml": deployment("web:2"), "deploy/old.yaml": null });
    deploy(repository.cloneUrl, next);
    await until(() => {
      expect(status("operationState", "syncResult", "revision")).toBe(next);
      expect(status("sync", "status")).toBe("Synced");
    });
    expect(names("configmaps")).not.toContain("old");
  });

  test("goes with its ApplicationSet, but hangs while its project is missing", async () => {
    await preview({ "deploy/web.yaml": deployment("web:1") });
    await until(() => expect(status("sync", "status")).toBe("Synced"));
    const admin = cluster.as({ name: "admin", groups: ["system:masters"] });
    const [project] = cluster.objects("appprojects", "argocd").filter(({ metadata }) => metadata.name === slug);
    admin.call("DELETE", `/apis/${API}/namespaces/argocd/appprojects/${slug}`);
    admin.call("DELETE", `/apis/${API}/namespaces/argocd/applicationsets/${slug}`);
    await until(() => expect(application()?.metadata.deletionTimestamp).toBeDefined());
    await until(() => expect(JSON.stringify(at(application(), "status", "conditions"))).toContain("DeletionError"));
    expect(names("deployments")).toEqual(["web"]);
    cluster.install({ ...project, metadata: { name: slug, namespace: "argocd" } });
    await until(() => expect(application()).toBeUndefined());
    await until(() => expect([...names("deployments"), ...names("pods")]).toEqual([]));
  });

  test("vanishes without its cluster's Secret, and what it had stays", async () => {
    await preview({ "deploy/web.yaml": deployment("web:1") });
    await until(() => expect(status("sync", "status")).toBe("Synced"));
    const admin = cluster.as({ name: "admin", groups: ["system:masters"] });
    const [secret] = cluster
      .objects("secrets", "argocd")
      .filter(({ metadata }) => metadata.name === "cluster-in-cluster");
    admin.call("DELETE", "/api/v1/namespaces/argocd/secrets/cluster-in-cluster");
    admin.call("DELETE", `/apis/${API}/namespaces/argocd/applicationsets/${slug}`);
    await until(() => expect(application()).toBeUndefined());
    expect(names("deployments")).toEqual(["web"]);
    cluster.install({ ...secret, metadata: { ...secret?.metadata, resourceVersion: "" } });
  });
});

describe("says Healthy, and is not green", () => {
  test.each([
    ["broken YAML", { files: { "deploy/web.yaml": "a: [" } }, /Failed to unmarshal "web.yaml"/],
    ["a missing path", { files: { "other/web.yaml": "" } }, /deploy: app path does not exist/],
    [
      "a kind that is not allowed",
      { files: { "deploy/taken.yaml": ROLE_BINDING }, kinds: [{ group: "apps", kind: "*" }] },
      /rbac.authorization.k8s.io:RoleBinding is not permitted in project/,
    ],
  ])("of %s", async (_what, { files, ...options }, words) => {
    await preview(files as unknown as Record<string, string>, options);
    await until(() =>
      expect(JSON.stringify(at(application(), "status"))).toMatch(new RegExp(words.source.replaceAll('"', '\\\\"'))),
    );
    expect(status("health", "status")).toBe("Healthy");
    expect(status("sync", "status")).not.toBe("Synced");
  });

  test("of a commit that is not there, with what the last one left", async () => {
    const { repository } = await preview({ "deploy/web.yaml": deployment("web:1") });
    await until(() => expect(status("health", "status")).toBe("Healthy"));
    deploy(repository.cloneUrl, "f".repeat(40));
    await until(() => expect(status("sync", "status")).toBe("Unknown"));
    expect(status("health", "status")).toBe("Healthy");
    expect(JSON.stringify(at(application(), "status", "conditions"))).toContain("ComparisonError");
  });
});

test("what the sync account may not do is refused by the API server, and said of the object", async () => {
  const rules = [{ apiGroups: ["apps"], resources: ["*"], verbs: ["*"] }];
  await preview({ "deploy/taken.yaml": ROLE_BINDING }, { rules });
  await until(() => expect(status("operationState", "phase")).toBe("Failed"));
  const [result] = at(application(), "status", "operationState", "syncResult", "resources") as object[];
  expect(textAt(result, "message")).toMatch(/User "system:serviceaccount:pr-shop-\d+:hms-sync" cannot patch/);
  expect(names("rolebindings")).toEqual([slug]);
});

test("an image that is missing shows in the pod, and the Application is Progressing", async () => {
  cluster.image("web:missing", "missing");
  await preview({ "deploy/web.yaml": deployment("web:missing") });
  await until(() => expect(cluster.objects("pods", slug)).toHaveLength(1));
  await until(() =>
    expect(JSON.stringify(at(cluster.objects("pods", slug)[0], "status", "containerStatuses"))).toContain(
      "ImagePullBackOff",
    ),
  );
  await until(() => expect(status("health", "status")).toBe("Progressing"));
});

test("a hung hook holds the sync until it is terminated", async () => {
  cluster.image("hook:missing", "missing");
  const hook = `apiVersion: batch/v1
kind: Job
metadata: { name: seed, annotations: { argocd.argoproj.io/hook: PreSync } }
spec: { template: { spec: { restartPolicy: Never, containers: [{ name: seed, image: "hook:missing" }] } } }
`;
  await preview({ "deploy/hook.yaml": hook, "deploy/web.yaml": deployment("web:1") });
  await until(() =>
    expect(status("operationState", "message")).toMatch(/waiting for completion of hook batch\/Job\/seed/),
  );
  expect(names("deployments")).toEqual([]);
  const admin = cluster.as({ name: "admin", groups: ["system:masters"] });
  const patch = { status: { operationState: { phase: "Terminating" } } };
  const path = `/apis/${API}/namespaces/argocd/applications/${slug}-web`;
  admin.call("PATCH", path, patch, { contentType: "application/merge-patch+json" });
  await until(() => expect(status("operationState", "message")).toBe("Operation terminated"));
  expect(application()).not.toHaveProperty("operation");
});

test("a template with a field that is missing is an error of the set", async () => {
  cluster.install({
    apiVersion: API,
    kind: "ApplicationSet",
    metadata: { name: slug, namespace: "argocd" },
    spec: {
      goTemplate: true,
      goTemplateOptions: ["missingkey=error"],
      generators: [{ list: { elements: [{ name: "x" }] } }],
      template: { metadata: { name: "{{ .missing }}" }, spec: {} },
    },
  });
  const set = () => cluster.objects("applicationsets", "argocd").find(({ metadata }) => metadata.name === slug);
  await until(() =>
    expect(JSON.stringify(at(set(), "status", "conditions"))).toContain('no entry for key \\"missing\\"'),
  );
  expect(application()).toBeUndefined();
});

describe("pods that are refused show in the workload", () => {
  const failure = () => JSON.stringify(at(cluster.objects("deployments", slug)[0], "status", "conditions"));

  test("for the quota of their namespace", async () => {
    cluster.install({ apiVersion: "v1", kind: "Namespace", metadata: { name: slug } });
    const metadata = { name: "hms-quota", namespace: slug };
    cluster.install({ apiVersion: "v1", kind: "ResourceQuota", metadata, spec: { hard: { pods: "0" } } });
    await preview({ "deploy/web.yaml": deployment("web:1") });
    await until(() =>
      expect(failure()).toMatch(
        /ReplicaFailure.*exceeded quota: hms-quota, requested: pods=1, used: pods=0, limited: pods=0/,
      ),
    );
  });

  test("for the Pod Security level of their namespace, until that is lifted", async () => {
    const metadata = { name: slug, labels: { "pod-security.kubernetes.io/enforce": "restricted" } };
    const { repository } = await preview({ "deploy/web.yaml": deployment("web:1") }, { namespace: metadata });
    await until(() =>
      expect(failure()).toMatch(/violates PodSecurity \\"restricted:latest\\": allowPrivilegeEscalation != false/),
    );
    expect(repository.name).toBe(slug);
    cluster.install({ apiVersion: "v1", kind: "Namespace", metadata: { name: slug } });
    await until(() => expect(status("health", "status")).toBe("Healthy"));
    expect(failure()).not.toContain("ReplicaFailure");
  });
});
