import { expect, test } from "vitest";
import type { Inventory } from "../../../src/config/clusters.ts";
import type { KubeObject } from "../../../src/model/kubernetes.ts";
import { previewLabels } from "../../../src/model/preview.ts";
import type { Cluster, Selection } from "../../../src/ports/cluster.ts";
import { HUB_KINDS, PLACE_KINDS, watchPreviews } from "../../../src/pull-request/preview/watches.ts";
import { SettableClock } from "../../contract/settable-clock.ts";

const OWNER = { appId: 7, installationId: 1, repositoryId: 2, number: 3 };
const object = (labels: Record<string, string>, name = "pr-a"): KubeObject => ({
  apiVersion: "v1",
  kind: "Namespace",
  metadata: { name, labels },
});

function watching(enqueue: (key: string) => Promise<void> = async () => undefined) {
  const followed: { cluster: string; selection: Selection; tell(object: KubeObject): void }[] = [];
  const failures: unknown[] = [];
  const clusterOf = (cluster: string) =>
    ({
      watch(selection: Selection, tell: (object: KubeObject) => void) {
        followed.push({ cluster, selection, tell });
        return { objects: () => undefined, stop: () => undefined };
      },
    }) as unknown as Cluster;
  const inventory = {
    argocd: { cluster: "hub", namespace: "argocd" },
    clusters: [{ name: "hub" }, { name: "west" }],
  } as unknown as Inventory;
  const clusters = { names: ["hub", "west"], cluster: clusterOf };
  const failed = (error: unknown): void => void failures.push(error);
  watchPreviews({ clusters, inventory }, OWNER.appId, { queue: { enqueue }, clock: new SettableClock(), failed });
  return { followed, failures };
}

test("Argo CD's kinds are followed where it is, the rest on every cluster, by our labels alone", () => {
  const { followed } = watching();
  expect(followed).toHaveLength(HUB_KINDS.length + 2 * PLACE_KINDS.length);
  for (const { cluster, selection } of followed) {
    expect(selection.labels).toEqual({ "app.kubernetes.io/managed-by": "hms-sys", "hms-sys.dev/app": "7" });
    if (selection.kind.apiVersion.startsWith("argoproj.io"))
      expect([cluster, selection.namespace]).toEqual(["hub", "argocd"]);
  }
});

test("a queue that does not take the key is told, and ends nothing", async () => {
  const { followed, failures } = watching(() => Promise.reject(new Error("full")));
  followed[0]?.tell(object(previewLabels(OWNER, "pr-a")));
  await new Promise((resolve) => setImmediate(resolve));
  expect(failures).toEqual([new Error("full")]);
});
