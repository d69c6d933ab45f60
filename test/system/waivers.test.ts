import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { plantedKey, type Stage, setStage } from "../stage/stage.ts";
import { checks, concluded, idle, newRepository, type OpenedPull, openPull } from "./scene.ts";

vi.setConfig({ testTimeout: 60_000, hookTimeout: 30_000 });

const TOKEN = "operator-token-of-the-stage-0123456789abcdef";
const WAIVERS = ".github/hms-waivers.yml";
let stage: Stage;
beforeAll(async () => {
  stage = await setStage({ environment: { HMS_OPERATOR_TOKEN: TOKEN } });
});
afterAll(() => stage.close());

const dayFromNow = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);
const waiving = (fingerprint: string, expires = dayFromNow(20)) =>
  `version: 1\nwaivers:\n  - { fingerprint: ${fingerprint}, reason: a key of the tests, owner: ada, expires: ${expires} }\n`;

/** Of the one finding of a pull request, from the facts of its last decision. */
async function fingerprintOf(pull: OpenedPull): Promise<string> {
  const answer = await fetch(`${stage.hms.url}/api/v1/pulls/acme/${pull.repository.name}/${pull.number}`, {
    headers: { authorization: `Bearer ${TOKEN}` },
  });
  const { input } = (await answer.json()) as { input: { scans: { findings: { fingerprint: string }[] }[] } };
  return input.scans[0]?.findings[0]?.fingerprint ?? "";
}

async function leaking(config: Record<string, string> = {}): Promise<OpenedPull> {
  const repository = await newRepository(stage, config);
  const pull = await openPull(stage, repository, { files: { "a.env": `KEY=${plantedKey()}\n` } });
  await concluded(stage, pull, "failure");
  return pull;
}

const check = (pull: Pick<OpenedPull, "repository" | "sha">, name: string) =>
  checks(stage, pull.repository, pull.sha, name).at(-1);
const gateOf = (pull: Pick<OpenedPull, "repository" | "sha">) => check(pull, "hms/gate");
const retry = async (pull: OpenedPull) => {
  stage.github.comment(pull.repository, pull.number, { author: "ada", body: "/hms retry" });
  await idle(stage);
};

test("a waiver that is merged to the default branch lets the finding pass and is named; one that is only proposed does not", async () => {
  const pull = await leaking();
  const { repository } = pull;
  const text = waiving(await fingerprintOf(pull));
  // Proposed by the very pull request: it takes an administrator to merge, and profits from nothing.
  pull.sha = await stage.github.commit(repository, pull.branch, {
    files: { [WAIVERS]: text },
    author: "ada",
    message: "Waive it",
  });
  const refused = await concluded(stage, pull, "failure");
  expect(refused.output?.summary).toContain("trusted-paths-admin-approval");
  expect(check(pull, "hms/config")).toMatchObject({
    conclusion: "success",
    output: { title: "The waivers are valid" },
  });

  await stage.github.commit(repository, "main", { files: { [WAIVERS]: text }, author: "linus", message: "Waive it" });
  pull.sha = await stage.github.commit(repository, pull.branch, {
    files: { [WAIVERS]: null },
    author: "ada",
    message: "Leave it to main",
  });
  await idle(stage);
  const other = await openPull(stage, repository, { files: { "b.txt": "b\n" } });
  await concluded(stage, other, "success");
  await retry(pull);
  const gate = gateOf(pull);
  expect(gate?.output.summary).toContain("waived-findings");
  expect(gate?.output.summary).not.toContain("no-critical-findings");
  expect(gate?.output.summary).not.toContain("no-high-findings");
  expect(check(pull, "hms/scan/secrets")).toMatchObject({
    conclusion: "success",
    output: { title: expect.stringContaining("1 waived"), summary: expect.stringContaining("a key of the tests") },
  });
});

test("a waiver that expired, or that a path would make of a secret, counts nothing; a broken file waives nothing and says so", async () => {
  const pull = await leaking();
  const { repository } = pull;
  const fingerprint = await fingerprintOf(pull);
  const merge = (text: string) =>
    stage.github.commit(repository, "main", { files: { [WAIVERS]: text }, author: "linus", message: "Waivers" });

  await merge(waiving(fingerprint));
  await retry(pull);
  expect(gateOf(pull)?.conclusion).toBe("success");

  for (const text of [
    waiving(fingerprint, dayFromNow(-1)),
    waiving(fingerprint, dayFromNow(400)),
    `version: 1\nwaivers:\n  - { rule: secrets/any, path: "**", reason: x, owner: ada, expires: ${dayFromNow(1)} }\n`,
    `${waiving(fingerprint)}more: 1\n`,
  ]) {
    await merge(text);
    await retry(pull);
    expect(gateOf(pull)?.conclusion, text).toBe("failure");
  }
  expect(check(pull, "hms/config")).toMatchObject({ conclusion: "failure" });
  expect(check(pull, "hms/config")?.output.summary).toContain("nothing is waived");
});

test("where the configuration names another file of waivers, changing it takes an administrator, too", async () => {
  const config = "version: 1\nscan: { waivers: .github/acme-waivers.yml }\n";
  const repository = await newRepository(stage, { ".github/hms.yml": config });
  const pull = await openPull(stage, repository, {
    files: { ".github/acme-waivers.yml": "version: 1\nwaivers: []\n" },
  });
  const gate = await concluded(stage, pull, "action_required");
  expect(gate.output?.summary).toContain("trusted-paths-admin-approval");
  stage.github.review(repository, pull.number, { author: "linus", state: "APPROVED" });
  await concluded(stage, pull, "success");
});
