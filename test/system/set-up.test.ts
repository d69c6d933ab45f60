import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, test, vi } from "vitest";
import { Browser } from "../stage/browser.ts";
import { printedAddress, type SetUpScene, setUpScene, toReview } from "./set-up-scene.ts";

vi.setConfig({ testTimeout: 60_000, hookTimeout: 30_000 });

let scene: SetUpScene;
afterEach(() => scene.close());

const codeOf = (text: string): string | undefined => /Code <code>([a-z-]+)<\/code>/.exec(text)?.[1];

/** All that somebody does who wants the gate, and how far it got. */
async function setUp(): Promise<void> {
  const review = await toReview(scene);
  const end = await scene.browser.submit(review, scene.github.url);
  expect(end.way.map((url) => new URL(url).pathname)).toEqual([
    "/organizations/acme/settings/apps/new",
    "/setup/callback",
    "/apps/hms-sys-acme/installations/new",
    "/installed",
  ]);
  expect(end.status).toBe(200);
}

async function gateOn(name: string): Promise<string> {
  const { github } = scene;
  const repository = await github.createRepository("acme", name, { files: { "README.md": "# shop\n" } });
  const sha = await github.commit(repository, "change", {
    files: { "a.txt": "a\n" },
    author: "ada",
    message: "Change",
  });
  await github.openPull(repository, { head: "change", author: "ada" });
  await expect
    .poll(() => github.checkRuns(repository, sha).find((run) => run.name === "hms/gate")?.conclusion, {
      timeout: 20_000,
    })
    .toBe("success");
  return sha;
}

describe("from nothing to the first gate", () => {
  test("one process, one page, two forms; and again after kill -9, from what was saved", async () => {
    scene = await setUpScene();
    const { hms, github, dataDir } = scene;
    expect(hms.output().match(/token=/g)).toHaveLength(1);
    expect(new URL(printedAddress(hms)).searchParams.get("token")).toMatch(/^[\w-]{43}$/);
    expect((await fetch(`${hms.url}/readyz`)).status).toBe(503);
    await setUp();
    expect((await fetch(`${hms.url}/readyz`)).status).toBe(200);
    for (const path of ["/setup", "/setup?token=x", "/setup/callback?code=x&state=y", "/setup/finish"])
      expect((await scene.browser.open(`${hms.url}${path}`)).status, path).toBe(404);
    await gateOn("shop");
    const path = join(dataDir, "github-app.json");
    expect(statSync(path).mode & 0o777).toBe(0o600);
    const saved = JSON.parse(readFileSync(path, "utf8")) as Record<string, string>;
    for (const secret of [saved.privateKey, saved.webhookSecret, saved.clientSecret])
      expect(hms.output()).not.toContain(String(secret).slice(40, 80) || secret);
    await hms.kill("SIGKILL");
    const again = await scene.start();
    expect(again.output()).not.toContain("token=");
    await gateOn("shop-2");
    await github.deliveriesSettled();
    expect(await again.kill("SIGTERM")).toBe(0);
  });

  test("what GitHub is asked is app.yml, below the public address", async () => {
    scene = await setUpScene({ HMS_PUBLIC_URL: "https://hms.acme.dev" });
    const printed = new URL(printedAddress(scene.hms));
    expect(printed.origin).toBe("https://hms.acme.dev");
    const first = await fetch(`${scene.hms.url}/setup${printed.search}`, { redirect: "manual" });
    const cookie = first.headers.get("set-cookie") ?? "";
    for (const part of ["HttpOnly", "Secure", "SameSite=Lax", "Path=/setup"]) expect(cookie).toContain(part);
    scene.browser.setCookie(scene.hms.url, "hms_setup", /=([^;]+)/.exec(cookie)?.[1] ?? "");
    const review = await scene.browser.open(`${scene.hms.url}/setup/review?organisation=acme&name=Gatekeeper`);
    expect(review.headers.get("content-security-policy")).toContain(`form-action 'self' ${scene.github.url};`);
    const manifest = JSON.parse(
      /name="manifest" value="([^"]+)"/.exec(review.text)?.[1]?.replaceAll("&quot;", '"') ?? "",
    );
    expect(manifest).toMatchObject({
      name: "Gatekeeper",
      public: false,
      hook_attributes: { url: "https://hms.acme.dev/api/github/webhooks", active: true },
      redirect_url: "https://hms.acme.dev/setup/callback",
      callback_urls: ["https://hms.acme.dev/sign-in/callback"],
      setup_url: "https://hms.acme.dev/installed",
      default_permissions: { checks: "write", metadata: "read" },
    });
  });

  test("an environment that names an App in part is an error, not a set-up", async () => {
    scene = await setUpScene();
    expect(await scene.hms.kill("SIGTERM")).toBe(0);
    await expect(scene.start({ APP_ID: "12" })).rejects.toThrow(/ended with 78[\s\S]*WEBHOOK_SECRET is missing/);
    writeFileSync(join(scene.dataDir, "github-app.json"), '{"version":1,"privateKey":"-----BEG');
    await expect(scene.start()).rejects.toThrow(/ended with 78[\s\S]*github-app.json[^\n]*is not complete JSON/);
    const file = join(scene.dataDir, "..", "a-file");
    writeFileSync(file, "");
    await expect(scene.start({ HMS_DATA_DIR: join(file, "data") })).rejects.toThrow(/ended with 1[\s\S]*HMS_DATA_DIR/);
  });
});

describe("who is not let in", () => {
  test("without the token, with a wrong one, with one that was used, from another session", async () => {
    scene = await setUpScene();
    const { hms, browser } = scene;
    const stranger = new Browser();
    expect((await stranger.open(`${hms.url}/`)).text).not.toContain("token=");
    const closed = await stranger.open(`${hms.url}/setup`);
    expect([closed.status, codeOf(closed.text)]).toEqual([401, "setup-session"]);
    await fetch(printedAddress(hms), { method: "HEAD" });
    const wrong = await stranger.open(`${hms.url}/setup?token=${"a".repeat(43)}`);
    expect([wrong.status, codeOf(wrong.text)]).toEqual([403, "setup-token-wrong"]);
    for (let i = 0; i < 10; i++) await stranger.open(`${hms.url}/setup?token=guess-${i}`);
    const limited = await stranger.open(`${hms.url}/setup?token=guess`);
    expect([limited.status, codeOf(limited.text)]).toEqual([429, "setup-too-many-tries"]);
    const address = printedAddress(hms);
    const first = await browser.open(address);
    expect(new URL(first.url).search).toBe("");
    expect((await browser.open(address)).status).toBe(200);
    const second = await stranger.open(address);
    expect([second.status, codeOf(second.text)]).toEqual([403, "setup-token-used"]);
    for (const path of ["/setup/review?organisation=acme&name=x", "/setup/callback?code=a&state=b"])
      expect(codeOf((await stranger.open(`${hms.url}${path}`)).text), path).toBe("setup-session");
    const machine = await fetch(`${hms.url}/setup`);
    expect(await machine.json()).toMatchObject({ code: "setup-session", status: 401 });
  });

  test("a state that is not this session's, a state used twice, a code used before: refused, and nothing is saved", async () => {
    scene = await setUpScene();
    const { hms, browser, github } = scene;
    const review = await toReview(scene);
    const state = new URL(/action="([^"]+)"/.exec(review.text)?.[1] ?? "").searchParams.get("state") ?? "";
    const wrong = await browser.open(`${hms.url}/setup/callback?code=abc&state=${"b".repeat(43)}`);
    expect([wrong.status, codeOf(wrong.text)]).toEqual([400, "setup-state"]);
    const used = await browser.open(`${hms.url}/setup/callback?code=${"0".repeat(40)}&state=${state}`);
    expect([used.status, codeOf(used.text)]).toEqual([409, "setup-code"]);
    expect(used.text).toContain(`${github.url}/organizations/acme/settings/apps`);
    expect(codeOf((await browser.open(`${hms.url}/setup/callback?code=abc&state=${state}`)).text)).toBe("setup-state");
    expect((await fetch(`${hms.url}/readyz`)).status).toBe(503);
    await setUpAgain();
  });

  async function setUpAgain(): Promise<void> {
    const first = await scene.browser.open(`${scene.hms.url}/setup`);
    const review = await scene.browser.submit(first, "/setup/review", { organisation: "acme", name: "" });
    expect((await scene.browser.submit(review, scene.github.url)).url).toContain("/installed");
  }

  test("an owner that HMS_ALLOWED_OWNERS does not list", async () => {
    scene = await setUpScene({ HMS_ALLOWED_OWNERS: "acme" });
    const elsewhere = await toReview(scene, "evil");
    expect([elsewhere.status, codeOf(elsewhere.text)]).toEqual([403, "setup-owner-not-allowed"]);
    // An empty organisation is ada's own account, which GitHub names only afterwards.
    const review = await scene.browser.open(`${scene.hms.url}/setup/review?organisation=&name=Adas`);
    const refused = await scene.browser.submit(review, scene.github.url);
    expect([refused.status, codeOf(refused.text)]).toEqual([403, "setup-owner-not-allowed"]);
    expect(refused.text).toContain("/settings/apps/adas/advanced");
    expect(() => statSync(join(scene.dataDir, "github-app.json"))).toThrow();
    await setUpAgain();
  });
});

describe("GitHub in trouble", () => {
  test.each([
    ["answers HTML", { status: 200, body: "<html>", headers: { "content-type": "text/html" } }],
    ["answers 502", { status: 502 }],
    ["loses the connection before it", { dropConnection: "before" as const }],
  ])("%s: told with a code, and tried again with the same credentials", async (_what, fault) => {
    scene = await setUpScene();
    scene.github.fault({ path: /\/conversions$/, times: 1, ...fault });
    const refused = await scene.browser.submit(await toReview(scene), scene.github.url);
    expect([refused.status, codeOf(refused.text)]).toEqual([502, "setup-github"]);
    const end = await scene.browser.submit(refused, "/setup/finish");
    expect(new URL(end.url).pathname).toBe("/installed");
  });

  test("the answer with the credentials is lost: trying again says what to do", async () => {
    scene = await setUpScene();
    scene.github.fault({ path: /\/conversions$/, times: 1, dropConnection: "after" });
    const refused = await scene.browser.submit(await toReview(scene), scene.github.url);
    expect(codeOf(refused.text)).toBe("setup-github");
    const lost = await scene.browser.submit(refused, "/setup/finish");
    expect([lost.status, codeOf(lost.text)]).toEqual([409, "setup-code"]);
  });

  test("the directory goes away: before the credentials are asked for, and after; trying again loses nothing", async () => {
    scene = await setUpScene();
    const { github, dataDir } = scene;
    const breakIt = () => {
      rmSync(dataDir, { recursive: true });
      writeFileSync(dataDir, "");
    };
    const mendIt = () => rmSync(dataDir);
    const review = await toReview(scene);
    breakIt();
    const early = await scene.browser.submit(review, github.url);
    expect([early.status, codeOf(early.text)]).toEqual([503, "setup-directory"]);
    mendIt();
    github.fault({ path: /\/conversions$/, times: 1, delayMs: 1_500 });
    const under = scene.browser.submit(early, "/setup/finish");
    await expect.poll(() => existsSync(join(dataDir, "github-app.registering.json")), { timeout: 10_000 }).toBe(true);
    breakIt();
    const late = await under;
    expect([late.status, codeOf(late.text)]).toEqual([503, "setup-not-saved"]);
    mendIt();
    const end = await scene.browser.submit(late, "/setup/finish");
    expect(new URL(end.url).pathname).toBe("/installed");
  });

  test("kill -9 while the credentials are on their way: the next start knows", async () => {
    scene = await setUpScene();
    const { hms, github } = scene;
    github.fault({ path: /\/conversions$/, times: 1, delayMs: 3_000 });
    const review = await toReview(scene);
    const cut = scene.browser.submit(review, github.url).catch((error: Error) => error);
    await expect
      .poll(() => statSync(join(scene.dataDir, "github-app.registering.json"), { throwIfNoEntry: false })?.size, {
        timeout: 10_000,
      })
      .toBeGreaterThan(0);
    await hms.kill("SIGKILL");
    expect(await cut).toBeInstanceOf(Error);
    const again = await scene.start();
    expect(again.output()).toContain(`Delete it on GitHub first: ${github.url}/organizations/acme/settings/apps`);
    const page = await new Browser().open(printedAddress(again));
    expect(page.text).toContain("its credentials were never saved here");
  });
});
