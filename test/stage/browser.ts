/** One answer, at the end of its redirects. */
export interface Seen {
  status: number;
  url: string;
  text: string;
  headers: Headers;
  /** Addresses that led there, the last one included. */
  way: string[];
}

/** A browser as far as links, forms, redirects and cookies go. Cookies are kept by origin. */
export class Browser {
  readonly #cookies = new Map<string, Map<string, string>>();

  setCookie(url: string, name: string, value: string): void {
    const { origin } = new URL(url);
    this.#cookies.set(origin, (this.#cookies.get(origin) ?? new Map()).set(name, value));
  }

  cookies(url: string): Record<string, string> {
    return Object.fromEntries(this.#cookies.get(new URL(url).origin) ?? []);
  }

  open(url: string): Promise<Seen> {
    return this.#go("GET", url);
  }

  /** Sends the page's first form with that action's beginning, with its fields as they are or as given. */
  submit(page: Seen, action: string, fields: Record<string, string> = {}): Promise<Seen> {
    const form = [...page.text.matchAll(/<form\b([^>]*)>([\s\S]*?)<\/form>/g)].find(([, attributes = ""]) =>
      (attribute(attributes, "action") ?? "").startsWith(action),
    );
    if (!form) throw new Error(`no form to ${action} on ${page.url}:\n${page.text}`);
    const given = [...(form[2] ?? "").matchAll(/<input\b([^>]*)>/g)].map(([, one = ""]): [string, string] => [
      attribute(one, "name") ?? "",
      attribute(one, "value") ?? "",
    ]);
    const values = new URLSearchParams({ ...Object.fromEntries(given), ...fields });
    const target = new URL(attribute(form[1] ?? "", "action") ?? "", page.url);
    if (attribute(form[1] ?? "", "method")?.toLowerCase() === "post")
      return this.#go("POST", target.href, values, new URL(page.url).origin);
    target.search = String(values);
    return this.#go("GET", target.href);
  }

  async #go(method: string, url: string, body?: URLSearchParams, origin?: string, way: string[] = []): Promise<Seen> {
    if (way.length > 10) throw new Error(`too many redirects: ${way.join(" ")}`);
    const cookies = Object.entries(this.cookies(url)).map(([name, value]) => `${name}=${value}`);
    const response = await fetch(url, {
      method,
      redirect: "manual",
      headers: {
        accept: "text/html,application/xhtml+xml",
        ...(cookies.length > 0 ? { cookie: cookies.join("; ") } : {}),
        ...(origin ? { origin } : {}),
      },
      ...(body ? { body } : {}),
    });
    for (const cookie of response.headers.getSetCookie()) {
      const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(cookie) ?? [];
      this.setCookie(url, name, value);
    }
    const location = response.headers.get("location");
    const text = await response.text();
    if (location !== null && response.status >= 300 && response.status < 400)
      return this.#go("GET", new URL(location, url).href, undefined, undefined, [...way, url]);
    return { status: response.status, url, text, headers: response.headers, way: [...way, url] };
  }
}

function attribute(text: string, name: string): string | undefined {
  const found = new RegExp(`\\b${name}="([^"]*)"`).exec(text)?.[1];
  return found
    ?.replaceAll("&quot;", '"')
    .replaceAll("&#39;", "'")
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&amp;", "&");
}
