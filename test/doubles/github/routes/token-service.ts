import { issuerUrl, jobClaims } from "../actions/oidc.ts";
import { ApiError } from "../http/errors.ts";
import { type Call, ok, type Router } from "../http/router.ts";

/**
 * Where workflows get their identity tokens, and where others find what to check them with: laid out as on Enterprise Server.
 * https://docs.github.com/actions/reference/security/oidc
 */
export function tokenServiceRoutes(router: Router): void {
  router.on("GET /_services/token/.well-known/openid-configuration", ({ site }) => {
    const issuer = issuerUrl(site);
    return ok({
      issuer,
      jwks_uri: `${issuer}/.well-known/jwks`,
      subject_types_supported: ["public", "pairwise"],
      response_types_supported: ["id_token"],
      claims_supported: CLAIMS,
      id_token_signing_alg_values_supported: ["RS256"],
      scopes_supported: ["openid"],
    });
  });
  router.on("GET /_services/token/.well-known/jwks", ({ site }) => ok(site.oidc.jwks()));
  router.on("GET /_services/pipelines/{pipeline}/idtoken", (call) => {
    const { site } = call;
    const job = site.state.actions.jobWithIdTokenRequest(bearerOf(call));
    if (!job || String(job.run.id) !== call.params.pipeline) throw new ApiError(401, "Unauthorized");
    const value = site.oidc.sign(jobClaims(site, job, call.query.get("audience") ?? undefined));
    return ok({ count: value.length, value });
  });
}

function bearerOf({ headers }: Call): string {
  return /^bearer (\S+)$/i.exec(headers.authorization ?? "")?.[1] ?? "";
}

/** As the issuer of github.com lists them. */
const CLAIMS = [
  "sub",
  "aud",
  "exp",
  "iat",
  "iss",
  "jti",
  "nbf",
  "ref",
  "sha",
  "repository",
  "repository_id",
  "repository_owner",
  "repository_owner_id",
  "repository_visibility",
  "run_id",
  "run_number",
  "run_attempt",
  "actor",
  "actor_id",
  "workflow",
  "workflow_ref",
  "workflow_sha",
  "head_ref",
  "base_ref",
  "event_name",
  "ref_type",
  "ref_protected",
  "environment",
  "job_workflow_ref",
  "job_workflow_sha",
  "runner_environment",
];
