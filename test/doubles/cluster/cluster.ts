import { writeFileSync } from "node:fs";
import { stringify } from "yaml";
import { podSecurity } from "./admission/pod-security.ts";
import { QuotaController, quotaAdmission } from "./admission/quota.ts";
import { ADMIN, type User, userNamed, type Withdrawal } from "./api/access.ts";
import { Api } from "./api/api.ts";
import type { Stored } from "./api/fields.ts";
import { serveApi } from "./api/http-server.ts";
import { type Outage, Outages } from "./api/outages.ts";
import { ArgoCd, argoCdObjects, clusterSecret } from "./argo-cd/argo-cd.ts";
import { running } from "./argo-cd/destinations.ts";
import { CustomResources, definitionOf } from "./controllers/custom-resources.ts";
import { GarbageCollector } from "./controllers/garbage-collector.ts";
import { LocalClient, pathOf, refusalOf } from "./controllers/local-client.ts";
import { NamespaceController, namespaceAdmission } from "./controllers/namespaces.ts";
import { Pods } from "./controllers/pods.ts";
import { Workloads } from "./controllers/workloads.ts";

export type ClusterOptions = {
  /** Objects to begin with (the shipped RBAC, say), made in this order by an administrator. */
  objects?: object[];
  /** Who HMS-SYS is. */
  user?: string;
};

export type ClusterDouble = Awaited<ReturnType<typeof startCluster>>;

const HMS_USER = "system:serviceaccount:hms-system:hms-sys";
const ARGO_CD_NAMESPACE = "argocd";
const ARGO_CD_KINDS = [
  { group: "argoproj.io", version: "v1alpha1", kind: "Application", plural: "applications" },
  { group: "argoproj.io", version: "v1alpha1", kind: "AppProject", plural: "appprojects" },
  { group: "argoproj.io", version: "v1alpha1", kind: "ApplicationSet", plural: "applicationsets", status: true },
];

/**
 * A Kubernetes API of one's own on loopback, in memory, with the controllers that previews need. It runs no containers, evaluates no admission
 * policies (CEL) and knows no schemas. Its version says that it is simulated.
 */
export async function startCluster(options: ClusterOptions = {}) {
  const { user = HMS_USER, objects } = options;
  const api = new Api("v1.36.3+simulated");
  const outages = new Outages();
  api.admission.push(namespaceAdmission(api), quotaAdmission(api), podSecurity(api));
  const admin = new LocalClient(api, ADMIN, "kube-controller-manager");
  const custom = new CustomResources(admin);
  const pods = new Pods(admin);
  const workloads = new Workloads(admin, pods);
  const controllers = [
    new GarbageCollector(admin),
    new NamespaceController(admin),
    pods,
    workloads,
    new QuotaController(admin),
  ];
  api.store.listen((change) => {
    custom.changed(change);
    for (const controller of controllers) controller.changed(change);
  });
  const make = (object: object) => install(admin, object);
  for (const name of ["default", "kube-system", "hms-system"])
    make({ apiVersion: "v1", kind: "Namespace", metadata: { name } });
  make(clusterAdmin());
  for (const kind of ARGO_CD_KINDS) make(definitionOf(kind));
  const argoCd = new ArgoCd(api, ARGO_CD_NAMESPACE);
  for (const object of argoCdObjects(ARGO_CD_NAMESPACE)) make(object);
  for (const object of objects ?? [everythingFor(user)]) make(object);
  const { url, close } = await serveApi(api, outages);
  running.set(url, api);
  const tokens = { admin: api.access.issueToken(ADMIN), hms: api.access.issueToken(userNamed(user)) };

  return {
    url,
    /** Of an administrator, and of HMS-SYS. */
    tokens,
    /** A new token of anybody. */
    tokenOf: (name: string) => api.access.issueToken(userNamed(name)),
    revokeTokens: (name: string) => api.access.revokeTokens(name),
    /** What HMS-SYS reads, with a context for each token; `server`: the address of a proxy to it, say. */
    writeKubeconfig(
      path: string,
      contexts: Record<string, string> = { "in-cluster": tokens.hms },
      server = url,
    ): string {
      writeFileSync(path, stringify(kubeconfig(server, contexts)), { mode: 0o600 });
      return path;
    },
    /** Until the function is called that it returns: HMS-SYS's, unless another user is named. */
    takeRightsAway: (rights: Withdrawal = {}) => api.access.withdraw({ user, ...rights }),
    /** Makes an object as an administrator, or puts it in the place of the one that is there. */
    install: make,
    /** Kinds that come and go: `applications.argoproj.io` takes all Applications along. */
    removeKind(name: string): void {
      admin.call("DELETE", pathOf(api.resources.builtIn("customresourcedefinitions"), "", name));
    },
    installKind: (kind: Parameters<typeof definitionOf>[0]) => make(definitionOf(kind)),
    /** What becomes of containers of these images; all others run. `what` is one of them again with `run`. */
    image(name: string, what: "missing" | "failing" | "run"): void {
      pods.images.missing.delete(name);
      pods.images.failing.delete(name);
      if (what !== "run") pods.images[what].add(name);
      pods.lookAgain();
    },
    /** Makes another cluster of this process known to this one's Argo CD. */
    join(name: string, other: { url: string }): void {
      argoCd.follow(other.url);
      make(clusterSecret(ARGO_CD_NAMESPACE, name, other.url));
    },
    /** All objects of a kind: by its plural, with the group where there is one (`deployments.apps`). */
    objects(plural: string, namespace?: string): Stored[] {
      const [name = "", ...group] = plural.split(".");
      const resource = api.resources
        .all()
        .find((served) => served.plural === name && (group.length === 0 || served.group === group.join(".")));
      return resource ? api.store.list(resource, namespace) : [];
    },
    /** What goes wrong from now on, until the function is called that it returns. */
    outage: (outage: Outage, only?: RegExp) => outages.begin(outage, only),
    cutWatches: () => api.watches.cut(),
    /** Everything that happened is forgotten: watches and lists that go on are answered 410. */
    expireWatches(): void {
      api.store.forget();
      api.lists.forget();
      api.watches.expire();
    },
    /** Bookmarks at once, instead of every 10 s. */
    sendBookmarks: () => api.watches.bookmark(),
    openWatches: () => api.watches.size,
    /** Calls the API as somebody, without a socket. */
    as: (who: User | string) => new LocalClient(api, typeof who === "string" ? userNamed(who) : who, "test"),
    isSimulated: true as const,
    async stop(): Promise<void> {
      running.delete(url);
      argoCd.stop();
      for (const controller of controllers) controller.stop();
      api.watches.stop();
      await close();
    },
  };
}

function install(admin: LocalClient, object: object): void {
  const { apiVersion, kind, metadata } = object as Stored;
  const resource = admin.api.resources.ofKind(apiVersion, kind);
  if (!resource) throw new Error(`no kind ${kind} of ${apiVersion} is served`);
  const { namespace = "", name } = metadata;
  const there = admin.api.store.get(resource, namespace, name);
  const answer = there
    ? admin.call("PUT", pathOf(resource, namespace, name), object)
    : admin.call("POST", pathOf(resource, namespace), object);
  const refused = refusalOf(answer);
  if (refused) throw new Error(refused);
}

function clusterAdmin(): object {
  return {
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "ClusterRole",
    metadata: { name: "cluster-admin" },
    rules: [{ apiGroups: ["*"], resources: ["*"], verbs: ["*"] }],
  };
}

/** Where no RBAC is brought along, HMS-SYS may do all. */
function everythingFor(user: string): object {
  return {
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "ClusterRoleBinding",
    metadata: { name: "hms-sys-everything" },
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "cluster-admin" },
    subjects: [{ kind: "User", apiGroup: "rbac.authorization.k8s.io", name: user }],
  };
}

function kubeconfig(server: string, tokens: Record<string, string>): object {
  const names = Object.keys(tokens);
  return {
    apiVersion: "v1",
    kind: "Config",
    "current-context": names[0],
    clusters: names.map((name) => ({ name, cluster: { server, "insecure-skip-tls-verify": true } })),
    users: names.map((name) => ({ name, user: { token: tokens[name] } })),
    contexts: names.map((name) => ({ name, context: { cluster: name, user: name } })),
  };
}
