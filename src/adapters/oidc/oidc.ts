import { decodeJwt, decodeProtectedHeader, errors, jwtVerify } from "jose";
import { z } from "zod";
import type { EgressReads } from "../../ports/egress.ts";
import type {
  WorkloadClaims,
  WorkloadIdentity,
  WorkloadRefusal,
  WorkloadVerification,
} from "../../ports/workload-identity.ts";
import { IssuerKeys } from "./issuer-keys.ts";

/** GitHub's are about 2 KB. */
const TOKEN_MAX_CHARACTERS = 16 * 1024;
const CLOCKS_DIFFER_S = 60;

/** Ids and numbers are texts in these tokens. */
const digits = z
  .string()
  .regex(/^[1-9]\d{0,15}$/)
  .transform(Number);

const claimsShape = z
  .object({
    sub: z.string(),
    jti: z.string(),
    repository: z.string(),
    repository_id: digits,
    repository_owner_id: digits,
    ref: z.string(),
    ref_type: z.string(),
    sha: z.string(),
    workflow_ref: z.string(),
    job_workflow_ref: z.string(),
    run_id: digits,
    run_attempt: digits,
    actor_id: digits,
    event_name: z.string(),
    runner_environment: z.string(),
    environment: z.string().optional(),
    exp: z.number(),
  })
  .transform(
    (claims): WorkloadClaims => ({
      subject: claims.sub,
      tokenId: claims.jti,
      repository: claims.repository,
      repositoryId: claims.repository_id,
      repositoryOwnerId: claims.repository_owner_id,
      ref: claims.ref,
      refType: claims.ref_type,
      sha: claims.sha,
      workflowRef: claims.workflow_ref,
      jobWorkflowRef: claims.job_workflow_ref,
      runId: claims.run_id,
      runAttempt: claims.run_attempt,
      actorId: claims.actor_id,
      eventName: claims.event_name,
      runnerEnvironment: claims.runner_environment,
      ...(claims.environment === undefined ? {} : { environment: claims.environment }),
      expiresAtMs: claims.exp * 1000,
    }),
  );

export interface OidcOptions {
  /** Without a slash at the end. */
  issuer: string;
  egress: EgressReads;
  /** ms since the epoch */
  now: () => number;
}

/** Verifies the identity tokens of GitHub's workflows: RS256 by a key of that one issuer, and nothing else. */
export function workloadIdentity({ issuer, egress, now }: OidcOptions): WorkloadIdentity {
  const keys = new IssuerKeys(issuer, egress, now);
  return {
    async verify(token, audience) {
      const head = headOf(token);
      if (!head) return refused("malformed");
      if (head.alg !== "RS256" || typeof head.kid !== "string") return refused("signature");
      // Unverified as yet: what names another issuer is not worth asking for its key.
      if (head.issuer !== issuer) return refused("issuer");
      const key = await keys.find(head.kid);
      if (!key) return refused("signature");
      try {
        const { payload } = await jwtVerify(token, key, {
          algorithms: ["RS256"],
          issuer,
          audience,
          clockTolerance: CLOCKS_DIFFER_S,
          currentDate: new Date(now()),
          requiredClaims: ["exp", "nbf", "iat"],
        });
        return judged(payload, now());
      } catch (error) {
        return refused(reasonOf(error));
      }
    },
  };
}

function refused(why: WorkloadRefusal): WorkloadVerification {
  return { ok: false, why };
}

/** What the token says of itself; undefined where it is none. */
function headOf(token: string): { alg: unknown; kid: unknown; issuer: unknown } | undefined {
  if (token.length > TOKEN_MAX_CHARACTERS || !/^[\w-]+\.[\w-]+\.[\w-]*$/.test(token)) return undefined;
  try {
    const { alg, kid } = decodeProtectedHeader(token);
    return { alg, kid, issuer: decodeJwt(token).iss };
  } catch {
    // Whatever is wrong with it: it is the sender's, and no token.
    return undefined;
  }
}

function judged(payload: Record<string, unknown>, nowMs: number): WorkloadVerification {
  // One audience, as GitHub gives it: a token for several services could be replayed by any of them.
  if (typeof payload.aud !== "string") return refused("audience");
  if (typeof payload.iat !== "number" || payload.iat > nowMs / 1000 + CLOCKS_DIFFER_S) return refused("expired");
  const claims = claimsShape.safeParse(payload);
  return claims.success ? { ok: true, claims: claims.data } : refused("malformed");
}

function reasonOf(error: unknown): WorkloadRefusal {
  if (error instanceof errors.JWTExpired) return "expired";
  if (error instanceof errors.JWSSignatureVerificationFailed || error instanceof errors.JOSEAlgNotAllowed)
    return "signature";
  if (!(error instanceof errors.JWTClaimValidationFailed)) return "malformed";
  if (error.claim === "aud") return "audience";
  if (error.claim === "iss") return "issuer";
  return error.claim === "nbf" && error.reason === "check_failed" ? "expired" : "malformed";
}
