import type { InventoryCluster } from "../config/clusters.ts";
import type { ClusterFacts } from "./cluster-facts.ts";
import { plain, quoted } from "./finding.ts";

export function placeOf({ name }: { name: string }): string {
  return `cluster ${plain(name)}`;
}

/** kubectl, speaking to the cluster that is meant. */
export function kubectl({ context }: InventoryCluster): string {
  return context === undefined ? "kubectl" : `kubectl --context ${quoted(context)}`;
}

/** What makes a cluster as it is shipped. An overlay of the operator's own comes in the place of the folder. */
export function applyCommand({ declared, besideArgoCd }: Pick<ClusterFacts, "declared" | "besideArgoCd">): string {
  const folder = besideArgoCd ? "manifests/overlays/example" : "manifests/base";
  return `${kubectl(declared)} apply --server-side -k ${folder}`;
}

export const OR_OVERLAY = "Apply what is shipped (your own overlay, if you have one), as its administrator:";

/** As many as one line can tell. */
export function some(items: readonly string[], most = 6): string {
  const rest = items.length - most;
  return plain(rest > 0 ? `${items.slice(0, most).join("; ")}; and ${rest} more` : items.join("; "));
}
