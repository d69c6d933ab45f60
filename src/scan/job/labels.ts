import { DAST_LABELS } from "../../model/cluster-network.ts";
import type { KubeObject } from "../../model/kubernetes.ts";
import { MANAGED_BY, PREVIEW_LABELS } from "../../model/preview.ts";

/** Whose a scan's namespace is, in its labels: nothing of other labels is ever touched. */
export interface ScanOwner {
  appId: number;
  installationId: number;
  repositoryId: number;
  /** 40-hex. */
  sha: string;
  /** Of the scan, 32 hex. */
  id: string;
}

/** The name of the namespace, by which admission policies know scans. */
const SCAN = "hms-sys.dev/scan";
const COMMIT = "hms-sys.dev/commit";
const PREFIX = "hms-scan-";

/** A DNS label of 41 letters that nobody can guess before it is there. */
export function scanNamespace(id: string): string {
  return `${PREFIX}${id}`;
}

/** The labels of everything that is made for one scan. Only a dynamic one's namespace is let in by previews. */
export function scanLabels({ appId, installationId, repositoryId, sha, id }: ScanOwner): Record<string, string> {
  return {
    [PREVIEW_LABELS.managedBy]: MANAGED_BY,
    [PREVIEW_LABELS.app]: String(appId),
    [PREVIEW_LABELS.installation]: String(installationId),
    [PREVIEW_LABELS.repository]: String(repositoryId),
    [COMMIT]: sha,
    [SCAN]: scanNamespace(id),
  };
}

export function namespaceLabels(owner: ScanOwner, dynamic: boolean): Record<string, string> {
  return { ...scanLabels(owner), ...(dynamic ? DAST_LABELS : {}) };
}

/** What lists find one scan's namespace by. */
export function scanSelection(owner: ScanOwner): Record<string, string> {
  return scanLabels(owner);
}

/** Whose scan a namespace says it is; undefined where it is none of HMS-SYS. */
export function scanOwnerOf({ metadata }: KubeObject): ScanOwner | undefined {
  const { labels = {}, name } = metadata;
  const id = new RegExp(`^${PREFIX}([0-9a-f]{32})$`).exec(labels[SCAN] ?? "")?.[1];
  const sha = /^[0-9a-f]{40}$/.exec(labels[COMMIT] ?? "")?.[0];
  const [appId, installationId, repositoryId] = [
    PREVIEW_LABELS.app,
    PREVIEW_LABELS.installation,
    PREVIEW_LABELS.repository,
  ].map((label) => (/^[1-9]\d{0,14}$/.test(labels[label] ?? "") ? Number(labels[label]) : 0));
  if (labels[PREVIEW_LABELS.managedBy] !== MANAGED_BY || labels[SCAN] !== name) return undefined;
  return id && sha && appId && installationId && repositoryId
    ? { appId, installationId, repositoryId, sha, id }
    : undefined;
}

/** Whether the labels of a namespace name this very scan. */
export function isOurScan(namespace: KubeObject, owner: ScanOwner): boolean {
  const named = scanOwnerOf(namespace);
  return (
    named !== undefined &&
    named.id === owner.id &&
    named.sha === owner.sha &&
    named.appId === owner.appId &&
    named.installationId === owner.installationId &&
    named.repositoryId === owner.repositoryId
  );
}
