const REDIRECTS_MOST = 3;

/**
 * `fetch` that follows GitHub's redirects of renamed and transferred repositories (301, 302, 307, 308) to the API's own host only: a token
 * never goes anywhere else. https://docs.github.com/en/rest/using-the-rest-api/best-practices-for-using-the-rest-api#follow-redirects
 */
export function ownHostFetch(baseUrl: string, timeoutMs: number) {
  const { origin } = new URL(baseUrl);
  return async (url: string, init: RequestInit = {}): Promise<Response> => {
    const signal = AbortSignal.timeout(timeoutMs);
    let at = url;
    for (let followed = 0; ; followed++) {
      const response = await fetch(at, { ...init, signal, redirect: "manual" });
      const location = response.headers.get("location");
      if (![301, 302, 307, 308].includes(response.status) || location === null) return response;
      await response.body?.cancel();
      const target = URL.canParse(location, at) ? new URL(location, at) : undefined;
      if (target?.origin !== origin) throw new Error("GitHub's redirect leads to another host: not followed");
      const reads = (init.method ?? "GET") === "GET";
      if (!reads && response.status < 307) throw new Error("GitHub's redirect of a write does not keep its method");
      if (followed === REDIRECTS_MOST) throw new Error("GitHub redirects again and again");
      at = target.href;
    }
  };
}
