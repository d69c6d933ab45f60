/** https://en.wikipedia.org/wiki/Finite-state_machine of one preview; `disabled`, `skipped`: there is nothing to preview with, or no wish for one. */
export type PreviewState =
  | "disabled"
  | "skipped"
  | "blocked"
  | "queued"
  | "provisioning"
  | "healthy"
  | "degraded"
  | "failed"
  | "sleeping"
  | "tearing-down"
  | "gone";

/** What kind of thing stands in the way. `held`: what keeps an object from going; `rights`: HMS-SYS lacks one on a cluster. */
export type PreviewCause =
  | "fork"
  | "filter"
  | "config"
  | "queue"
  | "image"
  | "source"
  | "placement"
  | "credentials"
  | "cluster"
  | "rights"
  | "foreign"
  | "admission"
  | "quota"
  | "pod-security"
  | "image-pull"
  | "workload"
  | "sync"
  | "stuck"
  | "seed"
  | "probe"
  | "held"
  | "expired";

/** One line that says what is wrong or awaited, from where it really stands. Texts of contributors and clusters: to be escaped where shown. */
export interface PreviewReason {
  cause: PreviewCause;
  message: string;
  cluster?: string;
  component?: string;
  /** `Deployment web`. */
  object?: string;
  /** Path in the source, where known. */
  file?: string;
  /** Who or what is awaited: people have to act, or machines are still at it. */
  awaits: "people" | "machines" | "nobody";
}

/** One component on one cluster, as Argo CD tells of it. */
export interface PreviewPart {
  component: string;
  cluster: string;
  /** Name of the Application. */
  application: string;
  sync: string;
  health: string;
  /** What is synced, 40 hex; empty where nothing is. */
  revision: string;
  /** Whether all that green asks of this part holds. */
  green: boolean;
}

/** What is known of one pull request's preview: record `storageKey.preview`. */
export interface PreviewRecord {
  state: PreviewState;
  /** The cluster cannot be read at the moment: `state` is what was last seen, and counts for nothing. */
  unknown?: string;
  /** Head that the state is about. */
  sha: string;
  /** Name of the namespace, the AppProject and the ApplicationSet. */
  slug: string;
  url?: string;
  reasons: PreviewReason[];
  parts: PreviewPart[];
  /** Where objects were made or are about to be: what teardown looks at, whatever the configuration says by then. Empty: nothing was made. */
  made: PreviewPlace[];
  /** Place in the queue of the repository, from 1. */
  position?: number;
  /** All ms since the epoch. */
  sinceMs: number;
  createdAtMs?: number;
  queuedAtMs?: number;
  /** The last push or command: what time to live and sleep count from. */
  activeAtMs: number;
  expiresAtMs?: number;
  sleepsAtMs?: number;
  /** When what goes on was first seen, by what it is and, of a sync, its Application: ms since the epoch. */
  operations?: Record<string, number>;
  /** Replicas before sleep, by `cluster/Deployment/name`. */
  replicas?: Record<string, number>;
  /** A mark of the credentials that its Secrets were last written with. */
  credentials?: string;
}

export interface PreviewPlace {
  cluster: string;
  namespace: string;
  /** The Argo CD that deploys there. */
  argocd: { cluster: string; namespace: string };
}

/** What people asked for by `/hms preview`: record `storageKey.previewWish`. The last one of each holds. */
export interface PreviewWish {
  /** `up` overrules filters and expiry, `down` takes it away until `up` or the next push. */
  wanted?: { what: "up" | "down"; by: string; sha: string; atMs: number; commentId?: number };
  sleep?: { what: "sleep" | "wake"; by: string; atMs: number; commentId?: number };
  extended?: { untilMs: number; by: string; atMs: number; commentId?: number };
}

/** Whose an object is, in its labels: nothing of other labels is ever touched. */
export interface PreviewOwner {
  appId: number;
  installationId: number;
  repositoryId: number;
  number: number;
}

export const PREVIEW_LABELS = {
  managedBy: "app.kubernetes.io/managed-by",
  app: "hms-sys.dev/app",
  installation: "hms-sys.dev/installation",
  repository: "hms-sys.dev/repository",
  pull: "hms-sys.dev/pull",
  /** The slug; also on the namespace, by which admission policies know previews. */
  preview: "hms-sys.dev/preview",
} as const;
export const MANAGED_BY = "hms-sys";

/** The labels of everything that is made for one preview. */
export function previewLabels(owner: PreviewOwner, slug: string): Record<string, string> {
  return {
    [PREVIEW_LABELS.managedBy]: MANAGED_BY,
    [PREVIEW_LABELS.app]: String(owner.appId),
    [PREVIEW_LABELS.installation]: String(owner.installationId),
    [PREVIEW_LABELS.repository]: String(owner.repositoryId),
    [PREVIEW_LABELS.pull]: String(owner.number),
    [PREVIEW_LABELS.preview]: slug,
  };
}

/** Whose an object says it is; undefined where it is none of a preview of HMS-SYS. */
export function ownerOf(labels: Readonly<Record<string, string>> = {}): (PreviewOwner & { slug: string }) | undefined {
  if (labels[PREVIEW_LABELS.managedBy] !== MANAGED_BY) return undefined;
  const [appId, installationId, repositoryId, number] = (["app", "installation", "repository", "pull"] as const).map(
    (name) => (/^[1-9]\d{0,14}$/.test(labels[PREVIEW_LABELS[name]] ?? "") ? Number(labels[PREVIEW_LABELS[name]]) : 0),
  );
  const slug = labels[PREVIEW_LABELS.preview];
  return appId && installationId && repositoryId && number && slug
    ? { appId, installationId, repositoryId, number, slug }
    : undefined;
}
