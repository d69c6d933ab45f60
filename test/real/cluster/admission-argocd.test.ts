import { describe, test } from "vitest";
import type { KubeObject } from "../../../src/model/kubernetes.ts";
import { NO_RIGHT, RBAC } from "./asker.ts";
import { ownWrites, refused, specOf, type TokenAttack } from "./own-writes.ts";
import {
  application,
  applicationSet,
  appProject,
  freshSlug,
  labelsOf,
  marked,
  repositorySecret,
} from "./preview-fixture.ts";

/*
 * A stolen token of HMS-SYS beside Argo CD, whose administrator it must not become; and what Argo CD makes in its name.
 */
const { argocd, slug, neighbour, other, anybody, hms, cluster, theirs, theirProject, project, set, app, applied } =
  ownWrites();

const template = (spec: Record<string, unknown>) => ({
  template: {
    metadata: { name: "{{ .name }}" },
    spec: { project: slug, destination: { name: "main", namespace: slug }, ...spec },
  },
});

const ARGOCD: TokenAttack[] = [
  ["any namespace", "exactly its own namespace", project({ destinations: [{ name: "main", namespace: "*" }] })],
  [
    "another preview's namespace",
    "exactly its own namespace",
    project({
      destinations: [
        { name: "main", namespace: slug },
        { name: "main", namespace: neighbour },
      ],
    }),
  ],
  ["any cluster", "exactly its own namespace", project({ destinations: [{ server: "*", namespace: slug }] })],
  ["no destination", "exactly its own namespace", project({ destinations: [] })],
  ["cluster-wide kinds", "lists kinds by name", project({ clusterResourceWhitelist: [{ group: "*", kind: "*" }] })],
  ["every kind", "lists kinds by name", project({ namespaceResourceWhitelist: [{ group: "*", kind: "*" }] })],
  ["kinds by a blacklist only", "lists kinds by name", project({ namespaceResourceWhitelist: [] })],
  [
    "RoleBindings",
    "lists kinds by name",
    project({ namespaceResourceWhitelist: [{ group: RBAC, kind: "RoleBinding" }] }),
  ],
  ["every source", "names its sources exactly", project({ sourceRepos: ["*"] })],
  ["every source but one", "names its sources exactly", project({ sourceRepos: ["!https://git.example.test/x"] })],
  [
    "another identity to sync as",
    "as hms-sync of its namespace",
    project({
      destinationServiceAccounts: [
        { server: "*", namespace: slug, defaultServiceAccount: "kube-system:namespace-controller" },
      ],
    }),
  ],
  ["Argo CD's own identity to sync as", "as hms-sync of its namespace", project({ destinationServiceAccounts: [] })],
  [
    "rights for people",
    "gives nobody rights",
    project({ roles: [{ name: "r", policies: ["p, proj:x:r, applications, *, x/*, allow"] }] }),
  ],
  ["Applications of other namespaces", "gives nobody rights", project({ sourceNamespaces: ["*"] })],
  ["others' AppProject", "which it did not make", () => hms.merge(theirProject, { spec: { sourceRepos: ["*"] } })],
  ["others' AppProject deleted", "which it did not make", () => hms.remove(theirProject)],
  [
    "others' AppProject called its own",
    "which it did not make",
    () => hms.merge(theirProject, { metadata: { labels: labelsOf(slug) } }),
  ],
  [
    "the default AppProject",
    /which it did not make|not found/,
    () => hms.merge(marked(theirProject, { name: "default" }), { spec: { sourceRepos: [] } }),
  ],
  [
    "another preview's AppProject name",
    "which it did not make",
    applied(marked(appProject(slug, argocd), { name: freshSlug() })),
  ],
  ["another AppProject", "its own AppProject and namespace", set(template({ project: "default" }))],
  ["an AppProject by template", "its own AppProject and namespace", set(template({ project: "{{ .project }}" }))],
  [
    "another destination",
    "its own AppProject and namespace",
    set(template({ destination: { name: "main", namespace: neighbour } })),
  ],
  ["a generator that reads clusters", "list generators only", set({ generators: [{ clusters: {} }] })],
  [
    "a generator that calls out",
    "list generators only",
    set({ generators: [{ plugin: { configMapRef: { name: "x" } } }] }),
  ],
  [
    "a generator with a template of its own",
    "list generators only",
    set({
      generators: [
        { list: { elements: [], template: { metadata: {}, spec: { project: "default", destination: {} } } } },
      ],
    }),
  ],
  [
    "a generator with a destination of its own",
    "list generators only",
    set({
      generators: [
        {
          list: {
            elements: [],
            template: { metadata: {}, spec: { project: "", destination: { namespace: neighbour } } },
          },
        },
      ],
    }),
  ],
  [
    "a generator with labels of its own",
    "list generators only",
    set({
      generators: [
        {
          list: {
            elements: [],
            template: { metadata: { labels: { x: "y" } }, spec: { project: "", destination: {} } },
          },
        },
      ],
    }),
  ],
  [
    "a generator with a source of its own",
    "list generators only",
    set({
      generators: [
        {
          list: {
            elements: [],
            template: {
              metadata: {},
              spec: { project: "", destination: {}, source: { repoURL: "https://git.example.test/x" } },
            },
          },
        },
      ],
    }),
  ],
  ["a set of another name", "which it did not make", applied(marked(applicationSet(slug, argocd), { name: other }))],
  ["an Application made", NO_RIGHT, () => hms.create(marked(application(slug, argocd), { name: `${slug}-two` }))],
  ["others' Application", "which it did not make", () => hms.merge(theirs, { operation: { sync: {} } })],
  ["others' Application deleted", "which it did not make", () => hms.remove(theirs)],
  [
    "an Application's project",
    /nothing of an Application but|its own|belongs to/,
    app({ spec: { project: "default" } }),
  ],
  [
    "an Application's source",
    "nothing of an Application but",
    app({ spec: { source: { repoURL: "https://git.example.test/secret.git" } } }),
  ],
  [
    "an Application's destination",
    /nothing of an Application but|own namespace/,
    app({ spec: { destination: { namespace: neighbour } } }),
  ],
  ["a sync of other manifests", "nothing of an Application but", app({ operation: { sync: { manifests: ["{}"] } } })],
  [
    "a sync of another source",
    "nothing of an Application but",
    app({ operation: { sync: { source: { repoURL: "https://git.example.test/secret.git" } } } }),
  ],
  ["an empty patch that shows a Secret", "which it did not make", () => hms.merge(cluster, {})],
  ["a cluster Secret deleted", "which it did not make", () => hms.remove(cluster)],
  [
    "a Secret relabelled",
    "which it did not make",
    () =>
      hms.merge(cluster, {
        metadata: { labels: { ...labelsOf(slug), "argocd.argoproj.io/secret-type": "repository" } },
      }),
  ],
  [
    "a cluster of its own",
    "which it did not make",
    () =>
      hms.apply(
        marked(repositorySecret(slug, argocd), {
          name: `${slug}-c`,
          labels: { ...labelsOf(slug), "argocd.argoproj.io/secret-type": "cluster" },
        }),
      ),
  ],
  [
    "credentials for everybody",
    "which it did not make",
    () =>
      hms.apply(
        marked(repositorySecret(slug, argocd), {
          name: `${slug}-c`,
          labels: { ...labelsOf(slug), "argocd.argoproj.io/secret-type": "repo-creds" },
        }),
      ),
  ],
  [
    "a repository for everybody",
    "belongs to the preview's own AppProject",
    () => hms.merge(repositorySecret(slug, argocd), { data: { project: null } }),
  ],
  [
    "a repository of another project",
    "belongs to the preview's own AppProject",
    () => hms.merge(repositorySecret(slug, argocd), { data: { project: Buffer.from("default").toString("base64") } }),
  ],
  [
    "a token of Argo CD's",
    "no Secret that Kubernetes fills",
    () =>
      hms.create({
        ...marked(repositorySecret(slug, argocd), {
          name: `${slug}-token`,
          annotations: { "kubernetes.io/service-account.name": "default" },
        }),
        type: "kubernetes.io/service-account-token",
      }),
  ],
  [
    "a deletion of others blocked",
    "blocks no deletion of others",
    () =>
      hms.merge(appProject(slug, argocd), {
        metadata: {
          ownerReferences: [
            { apiVersion: "apps/v1", kind: "Deployment", name: "argocd", uid: "1", blockOwnerDeletion: true },
          ],
        },
      }),
  ],
];

test("a set with the empty template that Argo CD's controller writes into it stays HMS-SYS's to write", async () => {
  const written = { list: { elements: [], template: { metadata: {}, spec: { project: "", destination: {} } } } };
  await set({ generators: [written] })();
});

describe("with a stolen token of HMS-SYS nobody gets", () => {
  test.each(ARGOCD)("%s", async (_name, refusal, attack) => refused(refusal, attack));
});

describe("whatever a set of a preview makes", () => {
  const controller = anybody;
  const source = { repoURL: "https://git.example.test/acme/shop.git", path: "." };
  const owned = (set: string, more: Partial<KubeObject["metadata"]>, spec: Record<string, unknown> = {}) =>
    specOf(
      marked(application(slug, argocd), {
        name: `${slug}-x`,
        labels: labelsOf(slug),
        ownerReferences: [{ apiVersion: "argoproj.io/v1alpha1", kind: "ApplicationSet", name: set, uid: "1" }],
        ...more,
      }),
      spec,
    );

  test.each([
    ["without our labels", owned(slug, { labels: {} }), "own ApplicationSet and AppProject"],
    ["in another project", owned(slug, {}, { project: "default" }), "own ApplicationSet and AppProject"],
    ["of another preview", owned(neighbour, {}), "own ApplicationSet and AppProject"],
    ["under another's name", owned(slug, { name: "production" }), "own ApplicationSet and AppProject"],
    [
      "to another namespace",
      owned(slug, {}, { destination: { name: "main", namespace: neighbour } }),
      "the preview's own namespace",
    ],
    ["with a plugin", owned(slug, {}, { source: { ...source, plugin: { name: "x" } } }), "uses no plugins"],
    [
      "with values from elsewhere",
      owned(slug, {}, { source: { ...source, helm: { valueFiles: ["http://10.1.2.3/"] } } }),
      "uses no plugins",
    ],
    [
      "with the finalizer for PostDelete hooks",
      owned(slug, { finalizers: ["post-delete-finalizer.argocd.argoproj.io/cleanup"] }),
      "no hooks for its own deletion",
    ],
  ])("is refused %s", async (_name, made, refusal) => refused(refusal, () => controller.create(made)));

  test("takes over nobody's Application", async () => {
    const { metadata } = owned(slug, {});
    await refused("own ApplicationSet and AppProject", () =>
      controller.merge(theirs, { metadata: { ownerReferences: metadata.ownerReferences } }),
    );
  });
});
