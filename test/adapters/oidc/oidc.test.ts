import { createPublicKey, generateKeyPairSync, type JsonWebKey } from "node:crypto";
import { decodeProtectedHeader, SignJWT } from "jose";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createEgress } from "../../../src/adapters/egress/egress.ts";
import { workloadIdentity } from "../../../src/adapters/oidc/oidc.ts";
import { type WorkloadIdentity, WorkloadIdentityUnavailable } from "../../../src/ports/workload-identity.ts";
import { type GitHub as Double, startGitHub } from "../../doubles/github/github.ts";

const AUDIENCE = "https://hms.acme.dev";
const FILE = "hms-scan.yml";
const TEXT = `on: workflow_dispatch
jobs: { report: { runs-on: ubuntu-latest, environment: hms, permissions: { id-token: write }, steps: [] } }
`;
const JWKS = /\.well-known\/jwks$/;
const SERVICE = /\.well-known\//;

let double: Double;
let identity: WorkloadIdentity;
let nowMs: number;
let env: Record<string, string>;
let jobId: number;

beforeEach(async () => {
  nowMs = Date.now();
  double = await startGitHub({ now: () => new Date(nowMs) });
  const { token } = double.createUser("bob");
  await double.createRepository("bob", "shop", { files: { [`.github/workflows/${FILE}`]: TEXT } });
  await fetch(`${double.url}/repos/bob/shop/actions/workflows/${FILE}/dispatches`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}` },
    body: JSON.stringify({ ref: "main" }),
  });
  jobId = double.readyJobs()[0]?.jobId ?? 0;
  env = double.startJob(jobId).env;
  const egress = createEgress({ allow: [new URL(double.url).host] });
  identity = workloadIdentity({ issuer: double.oidcIssuer, egress, now: () => nowMs });
});
afterEach(() => double.close());

/** As the job asks for it. */
const honest = async (audience = AUDIENCE): Promise<string> => {
  const answer = await fetch(`${env.ACTIONS_ID_TOKEN_REQUEST_URL}&audience=${encodeURIComponent(audience)}`, {
    headers: { authorization: `Bearer ${env.ACTIONS_ID_TOKEN_REQUEST_TOKEN}` },
  });
  return ((await answer.json()) as { value: string }).value;
};
type Forgery = Parameters<Double["mintOidcToken"]>[0] & object;
const forged = (claims: Record<string, unknown>, more: Forgery = {}): string =>
  double.mintOidcToken({ ...more, claims: { ...double.idTokenClaims(jobId, AUDIENCE), ...claims } });
const verdict = async (token: string): Promise<string> => {
  const result = await identity.verify(token, AUDIENCE);
  return result.ok ? "ok" : result.why;
};
const asked = (path: RegExp): number => double.requests.list({ path }).length;
const nowS = () => Math.floor(nowMs / 1000);

test("a job's token tells which run of which workflow of which repository it is", async () => {
  const verified = await identity.verify(await honest(), AUDIENCE);
  const claims = double.idTokenClaims(jobId, AUDIENCE);
  expect(verified).toEqual({
    ok: true,
    claims: {
      subject: "repo:bob/shop:environment:hms",
      tokenId: expect.any(String),
      repository: "bob/shop",
      repositoryId: Number(claims.repository_id),
      repositoryOwnerId: Number(claims.repository_owner_id),
      ref: "refs/heads/main",
      refType: "branch",
      sha: claims.sha,
      workflowRef: `bob/shop/.github/workflows/${FILE}@refs/heads/main`,
      jobWorkflowRef: `bob/shop/.github/workflows/${FILE}@refs/heads/main`,
      runId: Number(claims.run_id),
      runAttempt: 1,
      actorId: Number(claims.actor_id),
      eventName: "workflow_dispatch",
      runnerEnvironment: "github-hosted",
      environment: "hms",
      expiresAtMs: (nowS() + 300) * 1000,
    },
  });
});

describe("a token is refused", () => {
  test("for another audience, or for several", async () => {
    expect(await verdict(await honest("https://other.acme.dev"))).toBe("audience");
    expect(await verdict(forged({ aud: [AUDIENCE, "https://other.acme.dev"] }))).toBe("audience");
    expect(await verdict(forged({ aud: `${AUDIENCE}/` }))).toBe("audience");
    expect(await verdict(forged({}, { unset: ["aud"] }))).toBe("audience");
  });

  test("of another issuer, which is not asked for its keys", async () => {
    expect(await verdict(forged({ iss: "https://token.actions.githubusercontent.com" }))).toBe("issuer");
    expect(await verdict(forged({ iss: `${double.oidcIssuer}/` }))).toBe("issuer");
    expect(await verdict(forged({}, { unset: ["iss"] }))).toBe("issuer");
    expect(asked(SERVICE)).toBe(0);
  });

  test("without a signature, with another algorithm's, with another key's", async () => {
    expect(await verdict(forged({}, { key: "none" }))).toBe("signature");
    expect(await verdict(forged({}, { header: { alg: "none" } }))).toBe("signature");
    expect(await verdict(forged({}, { header: { alg: "HS256" } }))).toBe("signature");
    expect(await verdict(forged({}, { header: { alg: "RS512" } }))).toBe("signature");
    expect(await verdict(forged({}, { key: "foreign" }))).toBe("signature");
    expect(await verdict(forged({}, { header: { kid: "unknown" } }))).toBe("signature");
    expect(await verdict(forged({}, { header: { kid: undefined } }))).toBe("signature");
  });

  test("where it brings the key, or its address, along", async () => {
    const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
    const kid = String(decodeProtectedHeader(forged({})).kid);
    const jwk = publicKey.export({ format: "jwk" });
    const addresses = { jku: "https://evil.dev/jwks", x5u: "https://evil.dev/x5u" };
    for (const header of [
      { kid, jwk },
      { kid: "mine", jwk: { ...jwk, kid: "mine" } },
      { kid, ...addresses },
    ]) {
      const claims = double.idTokenClaims(jobId, AUDIENCE);
      const token = await new SignJWT(claims).setProtectedHeader({ alg: "RS256", ...header }).sign(privateKey);
      expect(await verdict(token)).toBe("signature");
    }
  });

  test("signed with the public key as if it were a secret", async () => {
    const answer = await fetch(`${double.oidcIssuer}/.well-known/jwks`);
    const { keys } = (await answer.json()) as { keys: (JsonWebKey & { kid: string })[] };
    const pem = createPublicKey({ key: keys[0] ?? {}, format: "jwk" }).export({ type: "spki", format: "pem" });
    const header = { alg: "HS256", kid: keys[0]?.kid ?? "" };
    const token = await new SignJWT(double.idTokenClaims(jobId, AUDIENCE))
      .setProtectedHeader(header)
      .sign(Buffer.from(pem));
    expect(await verdict(token)).toBe("signature");
  });

  test("whose claims were changed after it was signed", async () => {
    const [head, , signature] = forged({}).split(".");
    const claims = { ...double.idTokenClaims(jobId, AUDIENCE), actor_id: "1" };
    const changed = Buffer.from(JSON.stringify(claims)).toString("base64url");
    expect(await verdict(`${head}.${changed}.${signature}`)).toBe("signature");
  });

  test("outside of its time, give or take a minute", async () => {
    const token = await honest();
    const at = async (s: number, text = token): Promise<string> => {
      nowMs += s * 1000;
      const told = await verdict(text);
      nowMs -= s * 1000;
      return told;
    };
    expect(await at(359)).toBe("ok");
    expect(await at(361)).toBe("expired");
    expect(await at(0, forged({ nbf: nowS() + 50, iat: nowS() + 50 }))).toBe("ok");
    expect(await at(0, forged({ nbf: nowS() + 70 }))).toBe("expired");
    expect(await at(0, forged({ iat: nowS() + 70 }))).toBe("expired");
    for (const claim of ["exp", "nbf", "iat"]) expect(await at(0, forged({}, { unset: [claim] }))).toBe("malformed");
    expect(await at(0, forged({ exp: "tomorrow" }))).toBe("malformed");
  });

  test.each(["", "x", "a.b", "a.b.c", "a.b.c.d", "..", "{}", "a".repeat(100_000), "e30.e30.", "bnVsbA.bnVsbA.bnVsbA"])(
    "that is none: %.20s",
    async (token) => {
      expect(["malformed", "signature"]).toContain(await verdict(token));
      expect(asked(SERVICE)).toBe(0);
    },
  );

  test.each([
    "repository_id",
    "run_id",
    "run_attempt",
    "actor_id",
    "workflow_ref",
    "job_workflow_ref",
    "ref",
    "event_name",
  ])("that does not say its %s, or not as GitHub does", async (claim) => {
    expect(await verdict(forged({}, { unset: [claim] }))).toBe("malformed");
    for (const value of [null, ["1"], { toString: "1" }, 1])
      expect(await verdict(forged({ [claim]: value }))).toBe("malformed");
  });

  test.each(["-1", "1e3", "0x10", "01", " 1", "99999999999999999999"])("whose run has the id %s", async (run_id) => {
    expect(await verdict(forged({ run_id }))).toBe("malformed");
  });
});

describe("the issuer's keys", () => {
  test("are asked for once, by many at once, and anew after ten minutes", async () => {
    expect(await Promise.all(Array.from({ length: 5 }, async () => verdict(forged({}))))).toEqual(Array(5).fill("ok"));
    nowMs += 9 * 60_000;
    expect(await verdict(forged({}))).toBe("ok");
    expect(asked(JWKS)).toBe(1);
    nowMs += 2 * 60_000;
    expect(await verdict(forged({}))).toBe("ok");
    expect(asked(JWKS)).toBe(2);
  });

  test("that are new are found, and one that was withdrawn does no more", async () => {
    const old = forged({ exp: nowS() + 3600 });
    expect(await verdict(old)).toBe("ok");
    double.rotateOidcKey();
    nowMs += 31_000;
    expect(await verdict(forged({}))).toBe("ok");
    expect(await verdict(old)).toBe("signature");
  });

  test("are not asked for by every token that names an unknown one", async () => {
    expect(await verdict(forged({}))).toBe("ok");
    for (let at = 0; at < 20; at++) {
      nowMs += 1000;
      expect(await verdict(forged({}, { header: { kid: `k${at}` } }))).toBe("signature");
    }
    expect(asked(JWKS)).toBe(1);
    nowMs += 11_000;
    await verdict(forged({}, { header: { kid: "k" } }));
    expect(asked(JWKS)).toBe(2);
  });

  const unavailable = async (token: string): Promise<void> => {
    await expect(identity.verify(token, AUDIENCE)).rejects.toBeInstanceOf(WorkloadIdentityUnavailable);
  };

  test.each([
    ["the issuer does not answer", { path: SERVICE, dropConnection: "before" as const }],
    ["it fails", { path: SERVICE, status: 503 }],
    ["it redirects", { path: JWKS, status: 302, headers: { location: "https://evil.dev" } }],
    ["it has none", { path: JWKS, status: 200, body: { keys: [] } }],
    ["they are none for RS256", { path: JWKS, status: 200, body: { keys: [{ kty: "EC", kid: "a" }, null, 7] } }],
    [
      "they are too short",
      { path: JWKS, status: 200, body: { keys: [{ kty: "RSA", kid: "a", n: "AQAB", e: "AQAB" }] } },
    ],
    ["the answer is no JSON", { path: JWKS, status: 200, body: "x".repeat(100_000) }],
    ["its document has no address", { path: /openid-configuration$/, status: 200, body: {} }],
  ])("cannot be had where %s: no token is judged by that, neither yes nor no", async (_name, fault) => {
    const token = await honest();
    const disarm = double.fault({ method: "GET", ...fault });
    await unavailable(token);
    disarm();
    await unavailable(token);
    nowMs += 31_000;
    expect(await verdict(token)).toBe("ok");
  });

  test("are not had from another host than the issuer's, even one that may be reached", async () => {
    const token = await honest();
    const other = await startGitHub();
    const told = { issuer: double.oidcIssuer, jwks_uri: `${other.oidcIssuer}/.well-known/jwks` };
    double.fault({ method: "GET", path: /openid-configuration$/, status: 200, body: told });
    const egress = createEgress({ allow: [double, other].map(({ url }) => new URL(url).host) });
    identity = workloadIdentity({ issuer: double.oidcIssuer, egress, now: () => nowMs });
    await unavailable(token);
    expect(other.requests.list()).toEqual([]);
    await other.close();
  });

  test("are not had where the document is another issuer's", async () => {
    const token = await honest();
    const told = { issuer: "https://evil.dev", jwks_uri: `${double.oidcIssuer}/.well-known/jwks` };
    double.fault({ method: "GET", path: /openid-configuration$/, status: 200, body: told });
    await unavailable(token);
    expect(asked(JWKS)).toBe(0);
  });

  test("hold for an hour while the issuer is away; what they do not know may be a new one", async () => {
    expect(await verdict(forged({}))).toBe("ok");
    double.fault({ method: "GET", path: SERVICE, status: 503 });
    nowMs += 50 * 60_000;
    expect(await verdict(forged({}))).toBe("ok");
    await unavailable(forged({}, { header: { kid: "new" } }));
    nowMs += 11 * 60_000;
    await unavailable(forged({}));
  });
});
