/** A registry of container images: https://github.com/opencontainers/distribution-spec/blob/main/spec.md */
export interface Registry {
  /**
   * Never rejects.
   *
   * @param reference as manifests name images: `ghcr.io/acme/web:tag`, `redis`, `…@sha256:…`
   * @param credentials of which those of the image's registry are used; none for a fork's pull request
   */
  has(reference: string, credentials?: readonly RegistryCredentials[]): Promise<ImagePresence>;
}

export interface RegistryCredentials {
  registry: string;
  username: string;
  password: string;
}

/** `unknown`: nobody said that it is missing. `why` completes a sentence and holds no secret. */
export type ImagePresence = { there: true } | { there: false } | { there: "unknown"; why: string };
