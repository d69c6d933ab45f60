import type { KubeObject } from "../../src/model/kubernetes.ts";

/** A client of a Kubernetes API that knows nothing of previews. */
export type CallApi = <T>(method: string, path: string, body?: unknown, contentType?: string) => Promise<T>;

export interface ApplicationStatus {
  sync?: { status?: string; revision?: string };
  health?: { status?: string };
  operationState?: { phase?: string; syncResult?: { revision?: string } };
}

/** Collections of what belongs to a preview, in the order in which it can be made. */
const collections = (slug: string, argocd: string): [path: string, kind: string, apiVersion: string][] => [
  ...["resourcequotas ResourceQuota", "limitranges LimitRange", "serviceaccounts ServiceAccount"].map(
    (entry): [string, string, string] => {
      const [plural = "", kind = ""] = entry.split(" ");
      return [`/api/v1/namespaces/${slug}/${plural}`, kind, "v1"];
    },
  ),
  [`/apis/networking.k8s.io/v1/namespaces/${slug}/networkpolicies`, "NetworkPolicy", "networking.k8s.io/v1"],
  [`/apis/rbac.authorization.k8s.io/v1/namespaces/${slug}/rolebindings`, "RoleBinding", "rbac.authorization.k8s.io/v1"],
  [`/apis/argoproj.io/v1alpha1/namespaces/${argocd}/appprojects`, "AppProject", "argoproj.io/v1alpha1"],
  [`/apis/argoproj.io/v1alpha1/namespaces/${argocd}/applicationsets`, "ApplicationSet", "argoproj.io/v1alpha1"],
];

export interface BarePreview {
  /** Applies everything; resolves with the ms until Argo CD has it all healthy at the commit. */
  make(): Promise<number>;
  /** The same for another commit: one object changes. */
  moveTo(sha: string): Promise<number>;
  remove(): Promise<void>;
}

export interface BareOptions {
  /** Of the preview that is there. */
  slug: string;
  /** That it is at. */
  sha: string;
  /** Of the copy. */
  name: string;
  /** Argo CD's namespace. */
  argocd: string;
  /** Between two looks. */
  everyMs?: number;
}

const EVERY_MS = 10;

/**
 * The floor: the very objects of a preview that is there, under another name and without our labels, applied by a client that decides nothing,
 * looks at nothing and tells nobody.
 */
export async function bareCopyOf(
  call: CallApi,
  { slug, sha, name, argocd, everyMs = EVERY_MS }: BareOptions,
): Promise<BarePreview> {
  const namespace = await call<KubeObject>("GET", `/api/v1/namespaces/${slug}`);
  const objects: { path: string; object: KubeObject }[] = [];
  const add = (path: string, kind: string, apiVersion: string, original: KubeObject): void => {
    const text = JSON.stringify(bare({ ...original, kind, apiVersion })).replaceAll(slug, name);
    const object = JSON.parse(text) as KubeObject;
    objects.push({ path: `${path.replace(slug, name)}/${object.metadata.name}`, object });
  };
  add("/api/v1/namespaces", "Namespace", "v1", namespace);
  for (const [path, kind, apiVersion] of collections(slug, argocd)) {
    const { items } = await call<{ items: KubeObject[] }>(
      "GET",
      `${path}?labelSelector=hms-sys.dev%2Fpreview%3D${slug}`,
    );
    for (const item of items) add(path, kind, apiVersion, item);
  }
  const set = objects.at(-1);
  if (set?.object.kind !== "ApplicationSet") throw new Error(`${slug} has no ApplicationSet`);
  const apply = ({ path, object }: { path: string; object: KubeObject }): Promise<unknown> =>
    call("PATCH", `${path}?fieldManager=floor&force=true`, object, "application/apply-patch+yaml");
  const healthy = async (at: string): Promise<void> => {
    const { items } = { items: applicationNames(set.object) };
    for (const application of items)
      await isHealthyAt(
        call,
        `/apis/argoproj.io/v1alpha1/namespaces/${argocd}/applications/${application}`,
        at,
        everyMs,
      );
  };
  return {
    async make() {
      const startedAtMs = performance.now();
      const [first, ...rest] = objects;
      if (first) await apply(first);
      await Promise.all(rest.slice(0, -1).map(apply));
      await apply(set);
      await healthy(sha);
      return performance.now() - startedAtMs;
    },
    async moveTo(to) {
      const object = JSON.parse(JSON.stringify(set.object).replaceAll(sha, to)) as KubeObject;
      const startedAtMs = performance.now();
      await apply({ ...set, object });
      await healthy(to);
      return performance.now() - startedAtMs;
    },
    async remove() {
      const background = { propagationPolicy: "Foreground" };
      await call("DELETE", set.path, background);
      for (const application of applicationNames(set.object))
        await isGone(call, `/apis/argoproj.io/v1alpha1/namespaces/${argocd}/applications/${application}`);
      await call("DELETE", `/api/v1/namespaces/${name}`, background);
      const project = objects.find(({ object }) => object.kind === "AppProject");
      if (project) await call("DELETE", project.path);
    },
  };
}

function bare({ apiVersion, kind, metadata, status: _, ...rest }: KubeObject & { status?: unknown }): KubeObject {
  const ours = ([key]: [string, unknown]) =>
    !key.startsWith("hms-sys.dev/") && !key.startsWith("app.kubernetes.io/managed-by");
  const { name, namespace, labels = {}, annotations = {} } = metadata;
  return {
    apiVersion,
    kind,
    metadata: {
      name,
      ...(namespace === undefined ? {} : { namespace }),
      labels: Object.fromEntries(Object.entries(labels).filter(ours)),
      annotations: Object.fromEntries(Object.entries(annotations).filter(ours)),
    },
    ...withoutOurLabels(rest),
  } as KubeObject;
}

/** The template of an ApplicationSet has labels too. */
function withoutOurLabels(rest: object): object {
  return JSON.parse(JSON.stringify(rest), (key, value: unknown) =>
    key === "labels" && typeof value === "object" && value !== null
      ? Object.fromEntries(Object.entries(value).filter(([label]) => !label.startsWith("hms-sys.dev/")))
      : value,
  ) as object;
}

function applicationNames(set: KubeObject): string[] {
  const { generators } = set.spec as { generators: { list: { elements: { name: string }[] } }[] };
  return generators.flatMap(({ list }) => list.elements.map(({ name }) => name));
}

export function isHealthy({ sync, health, operationState }: ApplicationStatus, sha: string): boolean {
  return (
    sync?.status === "Synced" &&
    sync.revision === sha &&
    health?.status === "Healthy" &&
    operationState?.phase === "Succeeded" &&
    operationState.syncResult?.revision === sha
  );
}

/** Resolves once Argo CD shows the Application synced to a commit, and healthy. */
export async function isHealthyAt(call: CallApi, path: string, sha: string, everyMs = EVERY_MS): Promise<void> {
  for (;;) {
    const status = await call<{ status?: ApplicationStatus }>("GET", path).then(
      (application) => application.status ?? {},
      (error: unknown): ApplicationStatus => {
        if (String(error).includes(" 404")) return {};
        throw error;
      },
    );
    if (isHealthy(status, sha)) return;
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}

async function isGone(call: CallApi, path: string): Promise<void> {
  for (;;) {
    const there = await call("GET", path).then(
      () => true,
      (error: unknown) => !String(error).includes(" 404"),
    );
    if (!there) return;
    await new Promise((resolve) => setTimeout(resolve, EVERY_MS * 10));
  }
}
