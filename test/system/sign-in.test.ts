import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { startHms } from "../stage/process.ts";
import { type Stage, setStage } from "../stage/stage.ts";
import { signedIn, Visitor } from "../stage/visitor.ts";
import { until } from "./scene.ts";

vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 });

const OPERATOR_TOKEN = "an-operator-token-of-the-stage-0123456789";
const VIEWER = "/api/v1/viewer";
let stage: Stage;
const at = (path: string): string => `${stage.hms.url}${path}`;
const person = (login: string): Promise<Visitor> => signedIn(stage.hms.url, stage.github.url, stage.token(login));
const stranger = (login: string): Visitor => new Visitor().atGitHub(stage.github.url, stage.token(login));
const SESSION = "hms-session";
const UNDER_WAY = "hms-sign-in";

async function rolesOf(browser: Visitor): Promise<unknown> {
  const { status, text } = await browser.request(at(VIEWER));
  return status === 200 ? (JSON.parse(text) as { roles: unknown }).roles : status;
}

/** A sign-in up to the moment when GitHub sends the browser back. */
async function callback(browser: Visitor, to = VIEWER): Promise<URL> {
  const begun = await browser.request(at(`/sign-in?to=${encodeURIComponent(to)}`));
  const back = await browser.request(begun.to ?? "");
  return new URL(back.to ?? "");
}

beforeAll(async () => {
  stage = await setStage({
    environment: {
      HMS_OPERATOR_TOKEN: OPERATOR_TOKEN,
      HMS_OPERATOR_TEAMS: "acme/sre",
      HMS_ADMIN_TEAMS: "acme/leads",
    },
  });
  stage.github.setOrgMember("acme", "grace", "member");
  stage.github.createTeam("acme", "sre");
  stage.github.createTeam("acme", "leads", { members: ["grace"] });
});
afterAll(() => stage.close());

describe("signing in", () => {
  test("leads to GitHub with state and PKCE, and back to where one was", async () => {
    const browser = stranger("ada");
    const begun = await browser.request(at("/sign-in?to=/%3Fq%3Dshop"));
    const asked = new URL(begun.to ?? "");
    expect(`${asked.origin}${asked.pathname}`).toBe(`${stage.github.url}/login/oauth/authorize`);
    expect(asked.searchParams.get("code_challenge_method")).toBe("S256");
    expect(asked.searchParams.get("state")?.length).toBeGreaterThanOrEqual(43);
    const ended = await browser.open(asked.href);
    expect(ended.url).toBe(at("/?q=shop"));
    const { text } = await browser.request(at(VIEWER));
    expect(JSON.parse(text)).toEqual({ kind: "person", login: "ada", roles: ["reader"] });
    expect(browser.cookies(stage.hms.url).has(UNDER_WAY)).toBe(false);
  });

  test("the cookies are for this host and its server alone", async () => {
    const browser = stranger("ada");
    const begun = await browser.request(at("/sign-in"));
    const back = await browser.request(begun.to ?? "");
    const ended = await browser.request(back.to ?? "");
    for (const [name, { headers }] of Object.entries({ [UNDER_WAY]: begun, [SESSION]: ended })) {
      const cookie = headers.getSetCookie().find((line) => line.startsWith(`${name}=`)) ?? "";
      expect(cookie).toMatch(/; HttpOnly/i);
      expect(cookie).toMatch(/; SameSite=Lax/i);
      expect(cookie).not.toMatch(/; Domain/i);
    }
  });

  test.each([
    "//evil.example",
    "/\\evil.example",
    "https://evil.example",
    "/\t/evil.example",
    "javascript:alert(1)",
    "x",
  ])("nobody is led to %j", async (to) => {
    const answer = await new Visitor().request(at(`/sign-in?to=${encodeURIComponent(to)}`));
    expect(answer.status).toBe(400);
    expect(answer.to).toBeNull();
  });

  test("somebody who says no at GitHub is told so, and is not signed in", async () => {
    const browser = stranger("ada");
    const back = await callback(browser);
    back.searchParams.delete("code");
    back.searchParams.set("error", "access_denied");
    const answer = await browser.request(back.href);
    expect(answer.status).toBe(403);
    expect(answer.text).toContain("access_denied");
    expect(await rolesOf(browser)).toBe(401);
  });
});

describe("a callback that is not the end of a sign-in that was begun here", () => {
  test.each<[string, (back: URL, browser: Visitor) => Promise<void> | void]>([
    ["another state", (back) => back.searchParams.set("state", "A".repeat(43))],
    ["no state", (back) => back.searchParams.delete("state")],
    ["a state in other letters", (back) => back.searchParams.set("state", "é".repeat(43))],
    ["another browser", (_back, browser) => browser.cookies(stage.hms.url).clear()],
    [
      "a cookie that somebody made",
      (_back, browser) => void browser.cookies(stage.hms.url).set(UNDER_WAY, "x".repeat(200)),
    ],
    ["the cookie of another sign-in", async (_back, browser) => void (await browser.request(at("/sign-in")))],
  ])("%s: refused before the code is used", async (_what, change) => {
    const browser = stranger("ada");
    const back = await callback(browser);
    await change(back, browser);
    const before = stage.github.requests.list({ path: /access_token$/ }).length;
    const answer = await browser.request(back.href);
    expect(answer.status).toBe(400);
    expect(answer.text).toContain("sign-in-state");
    expect(browser.cookies(stage.hms.url).has(SESSION)).toBe(false);
    expect(stage.github.requests.list({ path: /access_token$/ })).toHaveLength(before);
  });

  test("replayed with everything that belonged to it", async () => {
    const browser = stranger("ada");
    const back = await callback(browser);
    const kept = browser.cookies(stage.hms.url).get(UNDER_WAY) ?? "";
    expect((await browser.request(back.href)).status).toBe(303);
    const thief = new Visitor();
    thief.cookies(stage.hms.url).set(UNDER_WAY, kept);
    expect((await thief.request(back.href)).status).toBe(400);
    expect(thief.cookies(stage.hms.url).has(SESSION)).toBe(false);
  });

  test("replayed to a process that does not remember: GitHub takes the code once", async () => {
    const browser = stranger("ada");
    const back = await callback(browser);
    const kept = browser.cookies(stage.hms.url).get(UNDER_WAY) ?? "";
    expect((await browser.request(back.href)).status).toBe(303);
    await stage.restart();
    const thief = new Visitor();
    thief.cookies(stage.hms.url).set(UNDER_WAY, kept);
    const answer = await thief.request(back.href);
    expect(answer.status).toBe(403);
    expect(answer.text).toContain("bad_verification_code");
    expect(thief.cookies(stage.hms.url).has(SESSION)).toBe(false);
  });

  test("a code that somebody else got, put into one's own sign-in: the verifier does not fit", async () => {
    const foreign = await callback(stranger("mallory"));
    const browser = stranger("ada");
    const back = await callback(browser);
    back.searchParams.set("code", foreign.searchParams.get("code") ?? "");
    expect((await browser.request(back.href)).status).toBe(403);
    expect(browser.cookies(stage.hms.url).has(SESSION)).toBe(false);
  });

  test.each([
    ["5xx", { path: /access_token$/, status: 502, times: 1 }],
    ["HTML", { path: /access_token$/, status: 200, body: "<html>unicorn</html>", times: 1 }],
    ["nothing", { path: /access_token$/, dropConnection: "before" as const, times: 1 }],
    ["5xx to who it is", { path: /^\/user$/, status: 500, times: 1 }],
  ])("GitHub answers %s: told so, not signed in, and the next try works", async (_what, fault) => {
    stage.github.fault(fault);
    const browser = stranger("ada");
    const answer = await browser.request((await callback(browser)).href);
    expect(answer.status).toBe(502);
    expect(answer.text).toContain("github-unavailable");
    expect(browser.cookies(stage.hms.url).has(SESSION)).toBe(false);
    expect((await browser.open(at(`/sign-in?to=${VIEWER}`))).status).toBe(200);
  });
});

describe("a session", () => {
  test("is over after signing out, for a copy of its cookie too, and the token at GitHub with it", async () => {
    const browser = await person("ada");
    const copy = browser.cookies(stage.hms.url).get(SESSION) ?? "";
    expect((await browser.request(at("/sign-out"), { method: "POST" })).to).toBe(at("/"));
    expect(browser.cookies(stage.hms.url).has(SESSION)).toBe(false);
    const thief = new Visitor();
    thief.cookies(stage.hms.url).set(SESSION, copy);
    expect(await rolesOf(thief)).toBe(401);
    await until(
      stage,
      "GitHub is told",
      () => stage.github.requests.list({ method: "DELETE", status: 204 }).length > 0,
    );
  });

  test("is over for what was left open, too: its event streams end", async () => {
    const browser = await person("grace");
    const cookie = `${SESSION}=${browser.cookies(stage.hms.url).get(SESSION)}`;
    const open = await Promise.all(
      ["/live", "/api/v1/ledger/tail"].map((path) => fetch(at(path), { headers: { cookie } })),
    );
    expect(open.map(({ status }) => status)).toEqual([200, 200]);
    await browser.request(at("/sign-out"), { method: "POST" });
    // Read to their ends.
    const [live, tail] = await Promise.all(open.map((one) => one.text()));
    expect([live, tail]).toEqual([expect.stringContaining("event: hello"), expect.stringContaining("retry: ")]);
  });

  test("is not ended by a page of somebody else", async () => {
    const browser = await person("ada");
    const headers = { origin: "https://evil.example", "sec-fetch-site": "cross-site" };
    expect((await browser.request(at("/sign-out"), { method: "POST", headers })).status).toBe(403);
    expect((await browser.request(at("/sign-out"))).status).toBe(405);
    expect(await rolesOf(browser)).toEqual(["reader"]);
  });

  test.each(["SIGTERM", "SIGKILL"] as const)("outlives the process that ends with %s", async (signal) => {
    const browser = await person("grace");
    await stage.restart(signal);
    expect(await rolesOf(browser)).toEqual(["reader", "operator", "auditor", "admin"]);
  });

  test("ends when the person takes back at GitHub what they allowed, told by webhook or not", async () => {
    const [told, untold] = [await person("ada"), await person("linus")];
    stage.github.revokeAuthorization(stage.app, "ada");
    await until(stage, "the webhook has ended it", async () => (await rolesOf(told)) === 401);
    stage.github.failDeliveries(stage.app, { count: 1 });
    stage.github.revokeAuthorization(stage.app, "linus");
    await stage.restart();
    expect(await rolesOf(untold)).toBe(401);
    expect(await rolesOf(await person("ada"))).toEqual(["reader"]);
  });

  test("lies in the store as a hash, and its token at GitHub sealed", async () => {
    const browser = await person("ada");
    const id = browser.cookies(stage.hms.url).get(SESSION) ?? "";
    const dataDir = stage.environment.HMS_DATA_DIR ?? "";
    const stored = ["hms.db", "hms.db-wal"]
      .map((name) => readFileSync(join(dataDir, name)).toString("latin1"))
      .join("");
    expect(stored).toContain("session/");
    expect(stored).not.toContain(id.slice(5));
    expect(stored).not.toMatch(/gh[ur]_[0-9a-f]{36}/);
  });
});

describe("the operator token", () => {
  const bearing = (path: string, authorization: string) =>
    fetch(at(path), { redirect: "manual", headers: { authorization } });

  test("opens the API to a machine that is no administrator", async () => {
    const answer = await bearing(VIEWER, `Bearer ${OPERATOR_TOKEN}`);
    expect(await answer.json()).toEqual({
      kind: "machine",
      login: "operator token",
      roles: ["reader", "operator", "auditor"],
    });
  });

  test.each([
    ["another token", VIEWER, `Bearer ${OPERATOR_TOKEN}x`],
    ["the start of it", VIEWER, `Bearer ${OPERATOR_TOKEN.slice(0, -1)}`],
    ["none", VIEWER, "Bearer "],
    ["as a password", VIEWER, `Basic ${Buffer.from(`x:${OPERATOR_TOKEN}`).toString("base64")}`],
    ["in the address", `${VIEWER}?token=${OPERATOR_TOKEN}&access_token=${OPERATOR_TOKEN}`, ""],
  ])("%s: 401", async (_what, path, authorization) => {
    expect((await bearing(path, authorization)).status).toBe(401);
  });

  test("is no cookie, and opens no page", async () => {
    const headers = { cookie: `${SESSION}=${OPERATOR_TOKEN}` };
    expect((await fetch(at(VIEWER), { headers })).status).toBe(401);
    const signOut = await fetch(at("/sign-out"), {
      method: "POST",
      headers: { authorization: `Bearer ${OPERATOR_TOKEN}` },
    });
    expect(signOut.status).toBe(401);
  });

  test("a token that could be guessed keeps the process from starting", async () => {
    const hms = await startHms({ ...stage.environment, HMS_OPERATOR_TOKEN: "short" }, { dontWait: true });
    expect(await hms.exited).toBe(78);
    expect(hms.output()).toContain("HMS_OPERATOR_TOKEN must have 32 characters or more");
  });
});

test("without client id and secret the page says what is missing, and everything else works", async () => {
  await stage.restart("SIGTERM", { GITHUB_CLIENT_ID: "", GITHUB_CLIENT_SECRET: "" });
  for (const path of ["/sign-in", "/sign-in/callback?code=x&state=y"]) {
    const answer = await new Visitor().request(at(path));
    expect(answer.status).toBe(503);
    expect(answer.text).toContain("GITHUB_CLIENT_ID");
    expect(answer.text).toContain("/sign-in/callback");
  }
  expect((await fetch(at(VIEWER), { headers: { authorization: `Bearer ${OPERATOR_TOKEN}` } })).status).toBe(200);
  await stage.restart("SIGTERM");
});

test("nothing of it stands in the log: no token, no session, no code, no secret", async () => {
  const browser = stranger("ada");
  const back = await callback(browser);
  await browser.request(back.href);
  await rolesOf(browser);
  await browser.request(at("/sign-out"), { method: "POST" });
  const said = stage.hms.output();
  expect(said).toContain("signed in");
  for (const secret of [
    OPERATOR_TOKEN,
    stage.app.clientSecret,
    back.searchParams.get("code") ?? "-",
    back.searchParams.get("state") ?? "-",
  ])
    expect(said).not.toContain(secret);
  expect(said).not.toMatch(/gh[ur]_|hmss_/);
});
