/** A registry of container images: https://github.com/opencontainers/distribution-spec/blob/main/spec.md */
export interface Registry {
  /** Never rejects. `reference` is as manifests name images: `ghcr.io/acme/web:tag`, `redis`, `…@sha256:…`. */
  has(reference: string): Promise<ImagePresence>;
}

/** `unknown`: nobody said that it is missing. `why` completes a sentence and holds no secret. */
export type ImagePresence = { there: true } | { there: false } | { there: "unknown"; why: string };
