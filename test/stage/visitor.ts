/** A browser by script: it keeps cookies by site, and goes where it is led only when it is told to. */
export class Visitor {
  /** Origin → name → value. */
  readonly #jars = new Map<string, Map<string, string>>();

  cookies(url: string): Map<string, string> {
    const { origin } = new URL(url);
    const jar = this.#jars.get(origin) ?? new Map<string, string>();
    this.#jars.set(origin, jar);
    return jar;
  }

  /** One request; what is set as a cookie is kept. */
  async request(url: string, init: { method?: string; headers?: Record<string, string>; body?: string } = {}) {
    const jar = this.cookies(url);
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join("; ");
    const { origin } = new URL(url);
    const method = init.method ?? "GET";
    const page = method === "GET" ? {} : { origin, "sec-fetch-site": "same-origin" };
    const response = await fetch(url, {
      ...init,
      redirect: "manual",
      headers: { accept: "text/html", ...page, ...(cookie ? { cookie } : {}), ...init.headers },
    });
    for (const line of response.headers.getSetCookie()) {
      const [pair = ""] = line.split(";");
      const name = pair.slice(0, pair.indexOf("="));
      if (/;\s*max-age=0\b/i.test(line)) jar.delete(name);
      else jar.set(name, pair.slice(pair.indexOf("=") + 1));
    }
    const text = await response.text();
    const location = response.headers.get("location");
    return { status: response.status, headers: response.headers, text, to: location && new URL(location, url).href };
  }

  /** Follows redirects, from site to site, to the end. */
  async open(url: string) {
    let at = url;
    for (let i = 0; i < 10; i++) {
      const answer = await this.request(at);
      if (!answer.to) return { ...answer, url: at };
      at = answer.to;
    }
    throw new Error(`${url} leads nowhere`);
  }

  /** Somebody is signed in at GitHub in this browser. */
  atGitHub(github: string, token: string): this {
    this.cookies(github).set("user_session", token);
    return this;
  }
}

/** Somebody who signed in to HMS-SYS with GitHub. */
export async function signedIn(hms: string, github: string, token: string): Promise<Visitor> {
  const visitor = new Visitor().atGitHub(github, token);
  const { status, text } = await visitor.open(`${hms}/sign-in?to=/api/v1/viewer`);
  if (status !== 200) throw new Error(`signing in ended with ${status}: ${text}`);
  return visitor;
}
