/** Where a request comes from, as the browser says it and no page can forge. */
interface Said {
  /** https://www.w3.org/TR/fetch-metadata/#sec-fetch-site-header */
  site: string | undefined;
  origin: string | undefined;
  host: string | undefined;
}

/**
 * Whether a request that changes something was made by a page of ours: `unknown` when the sender is no browser of this decade. The other half
 * of the defence is the cookie itself, which is SameSite=Lax.
 */
export function fromOwnPage({ site, origin, host }: Said, publicUrl: string): "yes" | "no" | "unknown" {
  if (site === undefined && origin === undefined) return "unknown";
  if (site !== undefined && site !== "same-origin") return "no";
  if (origin === undefined) return "yes";
  const own = new URL(publicUrl);
  // A proxy may let people in under another name than the public one; the scheme stays, so that no page without TLS counts as ours.
  const hosts = [own.host, ...(host === undefined ? [] : [host.toLowerCase()])];
  return hosts.some((name) => origin === `${own.protocol}//${name}`) ? "yes" : "no";
}
