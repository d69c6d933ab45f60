import { z } from "zod";
import { EgressError, type EgressReads } from "../../ports/egress.ts";
import type { ImagePresence, Registry, RegistryCredentials } from "../../ports/registry.ts";
import { type ImageReference, readImageReference } from "./image-reference.ts";

/** Image and index manifests of OCI and Docker: a registry may say 404 of one that it was not asked for. */
const ACCEPT = [
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
  "application/vnd.docker.distribution.manifest.v2+json",
].join(", ");
const TOKEN_BYTES_MAX = 64 * 1024;

const tokenAnswer = z.object({ token: z.string().optional(), access_token: z.string().optional() });

/**
 * Asks registries by `HEAD`, which counts against no pull limit. A registry that wants a token names where to get one
 * (https://distribution.github.io/distribution/spec/auth/token/); where both may be is the egress's to say. Redirects are not followed.
 */
export function createRegistry(egress: EgressReads): Registry {
  return {
    async has(text, credentials = []) {
      const image = readImageReference(text);
      if (!image) return unknown("it is not the name of an image");
      const own = credentials.find(({ registry }) => registryOf(registry) === image.registry);
      try {
        return await ask(egress, image, own);
      } catch (error) {
        if (!(error instanceof EgressError)) throw error;
        return unknown(error.message);
      }
    },
  };
}

async function ask(
  egress: EgressReads,
  image: ImageReference,
  own: RegistryCredentials | undefined,
): Promise<ImagePresence> {
  // As container runtimes have it: this machine's registries have no TLS. They are reached only where the operator allowed them.
  const scheme = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d+)?$/.test(image.host) ? "http" : "https";
  const url = `${scheme}://${image.host}/v2/${image.name}/manifests/${image.reference}`;
  const first = await egress.read("HEAD", url, { headers: { accept: ACCEPT } });
  if (first.status !== 401) return presence(first.status, image);
  const authorization = await authorize(egress, first.headers["www-authenticate"] ?? "", image, own);
  if (typeof authorization !== "string") return authorization;
  const second = await egress.read("HEAD", url, { headers: { accept: ACCEPT, authorization } });
  return presence(second.status, image);
}

/** What to say in `Authorization`, by what the registry wants. */
async function authorize(
  egress: EgressReads,
  challenge: string,
  { host, name }: ImageReference,
  own: RegistryCredentials | undefined,
): Promise<string | ImagePresence> {
  const basic = own && `Basic ${Buffer.from(`${own.username}:${own.password}`).toString("base64")}`;
  const [, scheme = ""] = /^\s*(\w+)\s/.exec(`${challenge} `) ?? [];
  if (scheme.toLowerCase() === "basic") return basic ?? unknown(`${host} wants credentials`);
  const said = new Map(
    [...challenge.matchAll(/(\w{1,20})="([^"]{0,2000})"/g)].map(([, key = "", value = ""]) => [
      key.toLowerCase(),
      value,
    ]),
  );
  const realm = said.get("realm") ?? "";
  if (scheme.toLowerCase() !== "bearer" || !URL.canParse(realm))
    return unknown(`${host} wants what HMS-SYS does not know`);
  const from = new URL(realm);
  const service = said.get("service");
  if (service !== undefined) from.searchParams.set("service", service);
  // Never more than to pull this image, whatever the registry suggests.
  from.searchParams.set("scope", `repository:${name}:pull`);
  const answer = await egress.read("GET", from.href, {
    headers: { accept: "application/json", ...(basic ? { authorization: basic } : {}) },
    maxBytes: TOKEN_BYTES_MAX,
  });
  if (answer.status !== 200) return unknown(`${from.host} gives no token for it (${answer.status})`);
  const token = tokenOf(answer.body);
  return token === undefined ? unknown(`${from.host} gives no token for it`) : `Bearer ${token}`;
}

function tokenOf(body: string): string | undefined {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    return undefined;
  }
  const { token, access_token } = tokenAnswer.safeParse(value).data ?? {};
  const found = token ?? access_token;
  return found !== undefined && /^[\x21-\x7e]+$/.test(found) ? found : undefined;
}

function presence(status: number, { host }: ImageReference): ImagePresence {
  if (status === 200) return { there: true };
  if (status === 404) return { there: false };
  if (status === 401 || status === 403) return unknown(`${host} does not let HMS-SYS see it (${status})`);
  if (status === 429) return unknown(`${host} was asked too often (429)`);
  return unknown(`${host} answers ${status}`);
}

function registryOf(registry: string): string {
  return /^(?:index\.|registry-1\.)?docker\.io$/.test(registry) ? "docker.io" : registry;
}

function unknown(why: string): ImagePresence {
  return { there: "unknown", why };
}
