/** What hms.yml asks of previews, complete; times in ms. */
export interface PreviewConfig {
  /** Where the manifests come from; `undefined`: the pull request's head. */
  source: { repository: string; path: string; revision: string } | undefined;
  components: PreviewComponent[];
  /** With `{{slug}}`, `{{number}}`, `{{component}}`, `{{cluster}}`; absent: the preview has no address. */
  url: string | undefined;
  /** What the URL must answer before the preview is green. */
  readiness: { path: string; status: number };
  placement: Placement;
  ttlMs: number;
  /** How long a command may ask for at most, where the organisation enforces the time to live. */
  extendMostMs?: number;
  /** 0: it never sleeps by itself. */
  sleepAfterMs: number;
  maxActive: number;
  quota: PreviewQuota;
  podSecurity: "restricted" | "baseline";
  /** Addresses outside that the preview may reach although they are private. */
  egress: { cidr: string; ports: number[] }[];
  when: { draft: boolean; paths: string[]; labels: { any: string[]; not: string[] } };
  forks: "approved" | "never";
  /** A Job of the source to run before the preview is green, or a snapshot that a volume is restored from. */
  seed: PreviewSeed | undefined;
  /** Whether the gate waits for a healthy preview. */
  required: boolean;
  /** Whether a comment on the pull request says where the preview is. */
  comment: boolean;
}

export interface PreviewComponent {
  /** A DNS label. */
  name: string;
  /** Folder of the source. */
  path: string;
  /** With `{{head_sha}}` in its tag; absent: as the manifests say. */
  image: string | undefined;
  /** The name by which Kustomize or Helm manifests call the image; `undefined`: its own without the tag. */
  imageName: string | undefined;
  /** Helm parameters; values may hold `{{head_sha}}`, `{{slug}}`, `{{url}}`. */
  helm: Record<string, string>;
}

/** One of them: clusters by name, or what is wanted of them. */
export type Placement =
  | { clusters: string[] }
  | { provider?: string; region?: string; maxCost?: number; latencyTo?: { place: string; ms: number } };

/** Kubernetes quantities. */
export interface PreviewQuota {
  cpu: string;
  memory: string;
  storage: string;
  pods: number;
}

export type PreviewSeed =
  | { job: { image: string; command: string[] } }
  | { snapshot: { name: string; claim: string; size: string } };
