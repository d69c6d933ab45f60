import { ok, type Router } from "../http/router.ts";

/** https://docs.github.com/rest/meta, /rate-limit */
export function metaRoutes(router: Router): void {
  router.on("GET /meta", () =>
    ok({
      verifiable_password_authentication: false,
      ssh_key_fingerprints: { SHA256_ED25519: "+DiY3wvvV6TuJJhbpZisF/zLDA0zPMSvHdkr4UvCOqU" },
      ssh_keys: [],
      hooks: ["127.0.0.1/32"],
      web: ["127.0.0.1/32"],
      api: ["127.0.0.1/32"],
      git: ["127.0.0.1/32"],
      packages: [],
      pages: [],
      importer: [],
      actions: [],
      domains: { website: [], codespaces: [], copilot: [], packages: [] },
    }),
  );
  router.on("GET /zen", () => ({
    status: 200,
    text: "Keep it logically awesome.",
    headers: { "content-type": "text/plain;charset=utf-8" },
  }));
  router.on("GET /rate_limit", (call) => {
    const { limit, remaining, resetS } = call.site.rateLimits.bucket(call.actor);
    const core = { limit, remaining, reset: resetS, used: limit - remaining };
    const other = (size: number) => ({ limit: size, remaining: size, reset: resetS, used: 0 });
    return ok({
      resources: { core, search: other(30), graphql: other(5000), integration_manifest: other(5000) },
      rate: core,
    });
  });
}
