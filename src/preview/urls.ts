import { fill } from "./names.ts";

/** What the marks of a URL stand for. */
export interface UrlValues {
  slug: string;
  number: number;
  component?: string;
  cluster?: string;
}

export type PreviewUrl = { url: string; host: string } | { refused: string };

const HOST = /^(?=.{1,253}$)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*$/;

/** The address of a preview: what hms.yml says with its marks filled in, if the operator allows the host. */
export function urlOf(template: string, values: UrlValues, allowedHosts: readonly string[]): PreviewUrl {
  const text = fill(template, {
    slug: values.slug,
    number: String(values.number),
    component: values.component,
    cluster: values.cluster?.toLowerCase(),
  });
  if (/[{}]/.test(text)) return { refused: "the preview's URL has a mark that nothing is known for" };
  if (!/^https?:\/\//.test(text) || text.length > 2_000 || /[\s\\\p{C}]/u.test(text) || !URL.canParse(text))
    return { refused: "the preview's URL is no http(s) address" };
  const { hostname, username, password } = new URL(text);
  // What a parser of URLs makes of it must be what stands there: no user, no other spelling of an address.
  const written = text.replace(/^https?:\/\//, "").split(/[/?#]/, 1)[0];
  if (username !== "" || password !== "" || !HOST.test(hostname) || written?.replace(/:\d{1,5}$/, "") !== hostname)
    return { refused: "the preview's URL needs a host's name in lower case" };
  if (!isAllowedHost(hostname, allowedHosts))
    return { refused: `the operator lets no preview use the host ${hostname}` };
  return { url: text, host: hostname };
}

/** `*.preview.acme.dev` stands for one label; an empty list allows all. */
export function isAllowedHost(host: string, allowed: readonly string[]): boolean {
  if (allowed.length === 0) return true;
  const [first, ...rest] = host.split(".");
  const parent = rest.join(".");
  return allowed.some((one) => (one.startsWith("*.") ? first !== "" && parent === one.slice(2) : host === one));
}

/** All hosts that Ingresses of the preview may name: those of its URL for every component and cluster. */
export function hostsOf(
  template: string,
  of: { slug: string; number: number; components: readonly string[]; clusters: readonly string[] },
  allowedHosts: readonly string[],
): { hosts: string[] } | { refused: string } {
  const hosts = new Set<string>();
  for (const component of of.components) {
    for (const cluster of of.clusters) {
      const made = urlOf(template, { slug: of.slug, number: of.number, component, cluster }, allowedHosts);
      if ("refused" in made) return made;
      hosts.add(made.host);
    }
  }
  return { hosts: [...hosts].sort() };
}
