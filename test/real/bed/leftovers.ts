import { setTimeout as sleep } from "node:timers/promises";
import { KINDS, type KubeObject } from "../../../src/model/kubernetes.ts";
import type { Api } from "./api.ts";

const KINDS_OF_PREVIEWS = [
  KINDS.namespace,
  KINDS.application,
  KINDS.applicationSet,
  KINDS.appProject,
  KINDS.secret,
] as const;

/** Whatever an administrator's fresh list of all namespaces shows with these labels. */
export async function labelled(api: Api, labels: string): Promise<KubeObject[]> {
  const lists = await Promise.all(
    KINDS_OF_PREVIEWS.map(async ({ apiVersion, kind, plural }) => {
      const base = apiVersion === "v1" ? "/api/v1" : `/apis/${apiVersion}`;
      const at = `${base}/${plural}?labelSelector=${encodeURIComponent(labels)}`;
      const { items } = await api.call<{ items: KubeObject[] }>("GET", at);
      return items.map((item) => ({ ...item, kind, apiVersion }));
    }),
  );
  return lists.flat();
}

const OF_ANY_PREVIEW = "hms-sys.dev/preview";
const OF_ANY_SCAN = "hms-sys.dev/scan";
/** A namespace takes ten seconds to go. */
const WITHIN_MS = 60_000;

/** Rejects when anything of any preview or scan stays on the cluster: at the end of all tests there is to be nothing. */
export async function expectNothingLeft(api: Api): Promise<void> {
  let left: KubeObject[] = [];
  for (const deadline = Date.now() + WITHIN_MS; Date.now() < deadline; await sleep(500)) {
    left = [...(await labelled(api, OF_ANY_PREVIEW)), ...(await labelled(api, OF_ANY_SCAN))];
    if (left.length === 0) return;
  }
  const names = left.map(
    ({ kind, metadata }) => `${kind} ${metadata.name} of App ${metadata.labels?.["hms-sys.dev/app"]}`,
  );
  throw new Error(`left on the cluster after all tests: ${names.join(", ")}`);
}

/**
 * As an administrator would, so that a test that failed leaves nothing to the next. Sets first, which would make their Applications anew; and no
 * Application waits for a project that is gone.
 */
export async function sweepAway(api: Api, appId: number): Promise<void> {
  const absent = (error: unknown): void => {
    if (!String(error).includes(" 404")) throw error;
  };
  for (const deadline = Date.now() + WITHIN_MS; ; await sleep(200)) {
    const all = await labelled(api, `hms-sys.dev/app=${appId}`);
    const sets = all.filter(({ kind }) => kind === "ApplicationSet");
    // Namespaces go by themselves from there on, with all that is in them.
    const left = (sets.length > 0 ? sets : all).filter(({ kind, metadata }) =>
      kind === "Namespace"
        ? metadata.deletionTimestamp === undefined
        : metadata.namespace !== (metadata.labels?.[OF_ANY_PREVIEW] ?? metadata.labels?.[OF_ANY_SCAN]),
    );
    if (left.length === 0) return;
    if (Date.now() > deadline)
      throw new Error(`cannot be removed: ${left.map(({ metadata }) => metadata.name).join()}`);
    for (const object of left) {
      const path = await api.path(object);
      if (object.metadata.finalizers)
        await api.call("PATCH", path, { metadata: { finalizers: null } }, "application/merge-patch+json").catch(absent);
      await api.call("DELETE", path).catch(absent);
    }
  }
}
