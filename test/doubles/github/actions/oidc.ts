import { generateKeyPairSync, type KeyObject, randomBytes, randomUUID, sign } from "node:crypto";
import type { Site } from "../site.ts";
import { fullName } from "../state.ts";
import type { Job } from "./state.ts";

type Key = { kid: string; privateKey: KeyObject; publicKey: KeyObject };

/** Five minutes, as GitHub's. */
const LIFE_S = 300;
/** GitHub's tokens hold from ten minutes before they are made. */
const BACKDATED_S = 600;

/** RSA keys take a while to make: the process has one for whoever starts first, and one of nobody's. */
let first: Key | undefined;
let foreign: Key | undefined;

function newKey(): Key {
  return { kid: randomBytes(10).toString("hex").toUpperCase(), ...generateKeyPairSync("rsa", { modulusLength: 2048 }) };
}

/** The issuer of workflows' identity tokens: https://docs.github.com/actions/reference/security/oidc */
export class OidcIssuer {
  private keys: Key[] | undefined;

  private all(): Key[] {
    first ??= newKey();
    this.keys ??= [first];
    return this.keys;
  }

  rotate(keepOld: boolean): void {
    this.keys = [newKey(), ...(keepOld ? this.all() : [])];
  }

  jwks() {
    return {
      keys: this.all().map(({ kid, publicKey }) => ({
        ...publicKey.export({ format: "jwk" }),
        alg: "RS256",
        kid,
        use: "sig",
      })),
    };
  }

  /** @param key `own`: of this issuer; `foreign`: another one under this issuer's key id; `none`: without a signature. */
  sign(
    claims: Record<string, unknown>,
    header: Record<string, unknown> = {},
    key: "own" | "foreign" | "none" = "own",
  ): string {
    const [own] = this.all();
    if (!own) throw new Error("an issuer without keys");
    if (key === "foreign") foreign ??= newKey();
    const head = { typ: "JWT", alg: key === "none" ? "none" : "RS256", kid: own.kid, ...header };
    const text = [head, claims].map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")).join(".");
    if (key === "none") return `${text}.`;
    const { privateKey } = key === "foreign" && foreign ? foreign : own;
    return `${text}.${sign("RSA-SHA256", Buffer.from(text), privateKey).toString("base64url")}`;
  }
}

export function issuerUrl(site: Site): string {
  return `${site.url}/_services/token`;
}

/** https://docs.github.com/actions/reference/security/oidc#oidc-token-claims; ids are texts there. */
export function jobClaims(site: Site, job: Job, audience: string | undefined): Record<string, unknown> {
  const { run } = job;
  const { repository } = run;
  const name = fullName(repository);
  const nowS = Math.floor(site.now().getTime() / 1000);
  const workflowRef = `${name}/${run.workflow.path}@${run.ref}`;
  const subject =
    job.environment === undefined ? `ref:${run.ref}` : `environment:${encodeURIComponent(job.environment)}`;
  return {
    jti: randomUUID(),
    sub: `repo:${name}:${subject}`,
    aud: audience ?? `${site.url}/${repository.owner.login}`,
    ref: run.ref,
    sha: run.headSha,
    repository: name,
    repository_owner: repository.owner.login,
    repository_owner_id: String(repository.owner.id),
    run_id: String(run.id),
    run_number: String(run.number),
    run_attempt: String(job.attempt),
    repository_visibility: repository.private ? "private" : "public",
    repository_id: String(repository.id),
    actor_id: String(run.actor.id),
    actor: run.actor.login,
    workflow: run.name,
    head_ref: "",
    base_ref: "",
    event_name: run.event,
    ref_protected: String(repository.protections.has(run.headBranch)),
    ref_type: run.ref.startsWith("refs/tags/") ? "tag" : "branch",
    workflow_ref: workflowRef,
    workflow_sha: run.headSha,
    job_workflow_ref: workflowRef,
    job_workflow_sha: run.headSha,
    runner_environment: job.runnerEnvironment,
    ...(job.environment === undefined ? {} : { environment: job.environment }),
    iss: issuerUrl(site),
    nbf: nowS - BACKDATED_S,
    exp: nowS + LIFE_S,
    iat: nowS,
  };
}
