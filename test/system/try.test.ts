import { execFile } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { archive, policyWasm } from "../adapters/opa/bundle-policy.ts";
import { bodies, policyThat } from "../adapters/opa/rewritten-policy.ts";
import { plantedKey, type Stage, setStage } from "../stage/stage.ts";
import { openPull } from "./scene.ts";

const HMS = new URL("../../bin/hms", import.meta.url).pathname;

let stage: Stage;
beforeAll(async () => {
  stage = await setStage({ withoutHms: true });
});
afterAll(() => stage.close());

interface Said {
  code: number;
  out: string;
  err: string;
}

function hmsTry(
  args: string[],
  change: Record<string, string> = {},
  environment: Record<string, string> = { PATH: "/usr/bin:/bin", ...stage.environment },
): Promise<Said> {
  const env = { ...environment, ...change };
  return new Promise((resolve) => {
    execFile(HMS, ["try", ...args], { env }, (error, out, err) =>
      resolve({ code: error ? Number(error.code) : 0, out, err }),
    );
  });
}

/** What GitHub was asked since then: all but reads and the tokens for them. */
async function writesDuring(work: () => Promise<unknown>): Promise<string[]> {
  const before = stage.github.requests.list().length;
  await work();
  return stage.github.requests
    .list()
    .slice(before)
    .map(({ method, path }) => `${method} ${path}`)
    .filter((call) => !call.startsWith("GET ") && !/^POST \/app\/installations\/\d+\/access_tokens$/.test(call));
}

describe("hms try", () => {
  test("says what the gate would say, with remedies, and writes nothing anywhere", async () => {
    const green = await openPull(stage, stage.repository);
    const red = await openPull(stage, stage.repository, { files: { "key.txt": `key = "${plantedKey()}"\n` } });
    const said: Said[] = [];
    const writes = await writesDuring(async () => {
      said.push(await hmsTry([`acme/shop#${green.number}`]));
      said.push(await hmsTry([`https://github.example/ACME/Shop/pull/${red.number}/files`]));
    });
    expect(writes).toEqual([]);
    expect(said[0]).toMatchObject({ code: 0, err: "" });
    expect(said[0]?.out).toContain("hms/gate: Ready to merge");
    expect(said[0]?.out).toContain("✓ All rules are met.");
    expect(said[1]).toMatchObject({ code: 1, err: "" });
    expect(said[1]?.out).toMatch(/hms\/gate: Blocked: /);
    expect(said[1]?.out).toMatch(/✗ no-high-findings: .+\n {6}\S.+/);
    expect(said[1]?.out).toContain(`head ${red.sha}`);
    expect(said[1]?.out).not.toContain(plantedKey());
    expect(stage.github.checkRuns(stage.repository, red.sha)).toEqual([]);
    expect(() => readFileSync(join(stage.environment.HMS_DATA_DIR as string, "hms.db"))).toThrow("ENOENT");
  });

  test("--json has the verdict and the facts; a title cannot move the terminal's cursor", async () => {
    const pull = await openPull(stage, stage.repository);
    const title = "Nice \u001b[2J\u001b[1;1H \u202e change";
    const path = `/repos/acme/shop/pulls/${pull.number}`;
    expect((await stage.as("ada", "PATCH", path, { title })).status).toBe(200);
    const { code, out } = await hmsTry([`acme/shop#${pull.number}`, "--json"]);
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({
      pull: { owner: "acme", repository: "shop", number: pull.number, title },
      outcome: "allow",
      verdict: { allow: true },
      input: { point: "merge", pull_request: { head_sha: pull.sha } },
      bundleRevision: expect.stringMatching(/^sha256:[0-9a-f]{64}$/),
    });
    const text = (await hmsTry([`acme/shop#${pull.number}`])).out;
    expect(text).toContain("Nice ");
    for (const control of ["\u001b", "\u202e"]) expect(text).not.toContain(control);
  });

  test("one that was merged is judged at its head", async () => {
    const pull = await openPull(stage, stage.repository, { files: { "other.txt": `key = "${plantedKey()}"\n` } });
    const path = `/repos/acme/shop/pulls/${pull.number}/merge`;
    expect((await stage.as("linus", "PUT", path, {})).status).toBe(200);
    const { code, out } = await hmsTry([`acme/shop#${pull.number}`]);
    expect([code, out]).toEqual([1, expect.stringContaining("(merged)")]);
    expect(out).toContain("✗ no-high-findings");
  });

  test("--policy asks another policy, which may not keep anybody waiting", async () => {
    const pull = await openPull(stage, stage.repository);
    const own = archive([{ path: "/policy.wasm", bytes: policyWasm }]);
    const good = await hmsTry([`acme/shop#${pull.number}`, "--policy", own]);
    expect([good.code, good.err]).toEqual([0, ""]);
    const looping = archive([{ path: "/policy.wasm", bytes: policyThat(bodies.loopsForever) }]);
    const bad = await hmsTry([`acme/shop#${pull.number}`, "--policy", looping]);
    expect(bad.code).toBe(2);
    const broken = join(stage.environment.HMS_DATA_DIR as string, "broken.tar.gz");
    writeFileSync(broken, "no bundle");
    const refused = await hmsTry([`acme/shop#${pull.number}`, "--policy", broken]);
    expect([refused.code, refused.out]).toEqual([2, ""]);
    expect(refused.err).toMatch(/^hms try: .*bundle/);
  }, 60_000);

  test.each([
    ["what is no pull request", ["acme/shop"], "owner/repo#12"],
    ["an owner without the App", ["other/shop#1"], "not installed for other"],
    ["a repository that the App does not see", ["acme/none#1"], "does not see acme/none"],
    ["a number that there is not", ["acme/shop#99999"], "does not show this pull request"],
    ["a policy that there is not", ["acme/shop#1", "--policy", "none.tar.gz"], "none.tar.gz cannot be read"],
  ])("exit code 2 and why: %s", async (_name, args, why) => {
    const { code, out, err } = await hmsTry(args);
    expect([code, out, err]).toEqual([2, "", expect.stringContaining(why)]);
    expect(err).not.toContain(" at ");
  });

  test("exit code 2 and why: no App, and an App that GitHub does not know", async () => {
    const none = { APP_ID: "", PRIVATE_KEY: "", WEBHOOK_SECRET: "" };
    const part = await hmsTry(["acme/shop#1"], none);
    expect([part.code, part.err]).toEqual([2, expect.stringContaining("APP_ID is missing")]);
    const environment = { PATH: "/usr/bin:/bin", HMS_DATA_DIR: stage.environment.HMS_DATA_DIR as string };
    const without = await hmsTry(["acme/shop#1"], {}, environment);
    expect([without.code, without.err]).toEqual([2, expect.stringContaining("there is no App yet")]);
    const unknown = await hmsTry(["acme/shop#1"], { APP_ID: "999999" });
    expect([unknown.code, unknown.out]).toEqual([2, ""]);
  });
});
