/** An image in full, by the rules of https://github.com/distribution/reference: `redis` is `docker.io/library/redis:latest`. */
export interface ImageReference {
  /** As credentials are kept for: `docker.io`, `ghcr.io`, `localhost:5000`. */
  registry: string;
  /** Where its API is. */
  host: string;
  /** `library/redis` */
  name: string;
  /** Tag or digest. */
  reference: string;
}

const NAME = /^[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)*$/;
const HOST = /^(?:[a-z0-9](?:[a-z0-9-]{0,62})(?:\.[a-z0-9](?:[a-z0-9-]{0,62}))*|\[[0-9a-f:]{2,45}\])(?::\d{1,5})?$/;

/** Undefined for what is no reference. */
export function readImageReference(text: string): ImageReference | undefined {
  if (text.length > 500) return undefined;
  const [tagged = "", digest, more] = text.split("@");
  const tag = /:([^/:]*)$/.exec(tagged)?.[1];
  const path = tag === undefined ? tagged : tagged.slice(0, -tag.length - 1);
  const slash = path.indexOf("/");
  const first = path.slice(0, Math.max(slash, 0));
  const named = /[.:[]/.test(first) || first === "localhost";
  const registry = named ? first.toLowerCase() : "docker.io";
  const rest = named ? path.slice(slash + 1) : path;
  const hub = registry === "docker.io" || registry === "index.docker.io" || registry === "registry-1.docker.io";
  const name = hub && !rest.includes("/") ? `library/${rest}` : rest;
  const reference = digest ?? tag ?? "latest";
  const valid =
    more === undefined &&
    HOST.test(registry) &&
    name.length <= 255 &&
    NAME.test(name) &&
    (tag === undefined || /^\w[\w.-]{0,127}$/.test(tag)) &&
    (digest === undefined || /^sha(?:256:[0-9a-f]{64}|512:[0-9a-f]{128})$/.test(digest));
  if (!valid) return undefined;
  return { registry: hub ? "docker.io" : registry, host: hub ? "registry-1.docker.io" : registry, name, reference };
}
