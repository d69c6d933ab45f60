import { parseDurationMs } from "./duration.ts";
import type { Placement, PreviewConfig, PreviewSeed } from "./preview.ts";
import type { PreviewFile } from "./preview-schema.ts";
import { nanosOf } from "./quantity.ts";

/** What holds of a preview where no file says otherwise. */
export const PREVIEW_DEFAULTS: PreviewConfig = {
  source: undefined,
  components: [],
  url: undefined,
  readiness: { path: "/", status: 200 },
  placement: {},
  ttlMs: 72 * 3_600_000,
  sleepAfterMs: 8 * 3_600_000,
  maxActive: 20,
  quota: { cpu: "2", memory: "4Gi", storage: "10Gi", pods: 20 },
  podSecurity: "restricted",
  egress: [],
  when: { draft: false, paths: [], labels: { any: [], not: [] } },
  forks: "approved",
  seed: undefined,
  required: false,
  comment: true,
};

/** Keys under `preview` that an organisation can keep repositories from weakening. */
export const PREVIEW_ENFORCEABLE = [
  "preview.ttl",
  "preview.max_active",
  "preview.quota",
  "preview.pod_security",
  "preview.egress",
  "preview.forks",
  "preview.required",
] as const;

/** One file over what holds without it; components may still be none. */
export function overPreview(base: PreviewConfig, file: PreviewFile | undefined): PreviewConfig {
  if (file === undefined) return base;
  const { source, readiness, quota, when } = file;
  return {
    source: source
      ? { repository: source.repo, path: source.path ?? ".", revision: source.revision ?? "HEAD" }
      : base.source,
    components:
      file.components?.map(({ name, path, image, image_name, helm }) => ({
        name,
        path,
        image,
        imageName: image_name,
        helm: helm ?? {},
      })) ?? base.components,
    url: file.url ?? base.url,
    readiness: { path: readiness?.path ?? base.readiness.path, status: readiness?.status ?? base.readiness.status },
    placement: placementOf(file) ?? base.placement,
    ttlMs: file.ttl === undefined ? base.ttlMs : durationMs(file.ttl),
    sleepAfterMs: file.sleep_after === undefined ? base.sleepAfterMs : durationMs(file.sleep_after),
    maxActive: file.max_active ?? base.maxActive,
    quota: {
      cpu: quota?.cpu ?? base.quota.cpu,
      memory: quota?.memory ?? base.quota.memory,
      storage: quota?.storage ?? base.quota.storage,
      pods: quota?.pods ?? base.quota.pods,
    },
    podSecurity: file.pod_security ?? base.podSecurity,
    egress: file.egress ?? base.egress,
    when: {
      draft: when?.draft ?? base.when.draft,
      paths: when?.paths ?? base.when.paths,
      labels: {
        any: when?.labels?.any ?? base.when.labels.any,
        not: when?.labels?.not ?? base.when.labels.not,
      },
    },
    forks: file.forks ?? base.forks,
    seed: seedOf(file) ?? base.seed,
    required: file.required ?? base.required,
    comment: file.comment ?? base.comment,
  };
}

/** By enforceable key: how the repository's file weakens what holds without it. Both are complete, though perhaps without components. */
export const PREVIEW_WEAKENED: Record<
  (typeof PREVIEW_ENFORCEABLE)[number],
  (base: { preview: PreviewConfig }, own: { preview: PreviewConfig }) => string | undefined
> = {
  "preview.ttl": ({ preview: base }, { preview: own }) =>
    own.ttlMs > base.ttlMs ? `it may be ${base.ttlMs / 60_000} minutes at most` : undefined,
  "preview.max_active": ({ preview: base }, { preview: own }) =>
    own.maxActive > base.maxActive ? `it may be ${base.maxActive} at most` : undefined,
  "preview.quota": ({ preview: base }, { preview: own }) => {
    const over = (["cpu", "memory", "storage"] as const).find(
      (key) => (nanosOf(own.quota[key]) ?? 0n) > (nanosOf(base.quota[key]) ?? 0n),
    );
    if (over) return `\`${over}\` may be ${base.quota[over]} at most`;
    return own.quota.pods > base.quota.pods ? `\`pods\` may be ${base.quota.pods} at most` : undefined;
  },
  "preview.pod_security": ({ preview: base }, { preview: own }) =>
    base.podSecurity === "restricted" && own.podSecurity !== "restricted" ? "it must stay `restricted`" : undefined,
  "preview.egress": ({ preview: base }, { preview: own }) => {
    const known = (cidr: string, port: number): boolean =>
      base.egress.some((range) => range.cidr === cidr && range.ports.includes(port));
    const wider = own.egress.find(({ cidr, ports }) => !ports.every((port) => known(cidr, port)));
    return wider && `\`${wider.cidr}\` is not among the ranges and ports of the organisation's file`;
  },
  "preview.forks": ({ preview: base }, { preview: own }) =>
    base.forks === "never" && own.forks !== "never" ? "it must stay `never`" : undefined,
  "preview.required": ({ preview: base }, { preview: own }) => {
    if (!base.required) return undefined;
    if (!own.required) return "it must stay `true`";
    return base.components.length > 0 && own.components.length === 0
      ? "so a repository may not go without components"
      : undefined;
  },
};

function placementOf({ clusters, place }: PreviewFile): Placement | undefined {
  if (clusters) return { clusters };
  if (!place) return undefined;
  return {
    ...(place.provider !== undefined && { provider: place.provider }),
    ...(place.region !== undefined && { region: place.region }),
    ...(place.max_cost !== undefined && { maxCost: place.max_cost }),
    ...(place.latency_to !== undefined && { latencyTo: place.latency_to }),
  };
}

function seedOf({ seed }: PreviewFile): PreviewSeed | undefined {
  if (seed?.job) return { job: seed.job };
  return seed?.snapshot ? { snapshot: seed.snapshot } : undefined;
}

/** Of what the schema let through. */
function durationMs(text: string): number {
  return text === "never" ? 0 : (parseDurationMs(text) ?? 0);
}
