import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import type { Diagnosis } from "../../src/model/diagnosis.ts";
import { startGitHub } from "../doubles/github/github.ts";
import { freePort } from "../stage/free-port.ts";
import { EVENTS, PERMISSIONS, type Stage, setStage } from "../stage/stage.ts";
import { signedIn } from "../stage/visitor.ts";
import { newRepository } from "./scene.ts";

vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 });

const HMS = new URL("../../bin/hms", import.meta.url).pathname;
let stage: Stage;
let directory: string;

beforeAll(async () => {
  stage = await setStage({ environment: { HMS_OPERATOR_TEAMS: "acme/sre" } });
  stage.github.setOrgMember("acme", "grace", "member");
  stage.github.createTeam("acme", "sre", { members: ["grace"] });
  directory = mkdtempSync(join(tmpdir(), "hms-doctor-"));
  stage.github.protectByRuleset(stage.repository, "main", {
    requiredChecks: [{ context: "hms/gate", appId: stage.app.id }],
  });
  // Those of its own making came before the process listened.
  stage.github.ping(stage.app);
  await stage.github.deliveriesSettled();
});
afterAll(async () => {
  rmSync(directory, { recursive: true, force: true });
  await stage.close();
});

interface Examined {
  code: number;
  out: string;
}

function run(args: string[], environment: Record<string, string>): Promise<Examined> {
  return new Promise((resolve) => {
    const child = spawn(HMS, ["doctor", ...args], { env: { PATH: "/usr/bin:/bin", ...environment } });
    let out = "";
    child.stdout.on("data", (chunk) => {
      out += chunk;
    });
    child.stderr.on("data", (chunk) => {
      out += chunk;
    });
    child.once("exit", (code) => resolve({ code: code ?? -1, out }));
  });
}

const doctor = (args: string[] = ["acme/shop"], change: Record<string, string> = {}): Promise<Examined> =>
  run(args, { ...stage.environment, ...change });

async function findings(args?: string[], change?: Record<string, string>): Promise<{ code: number; all: Diagnosis[] }> {
  const { code, out } = await doctor(["--json", ...(args ?? ["acme/shop"])], change);
  const report = JSON.parse(out) as { exitCode: number; findings: Diagnosis[] };
  expect(report.exitCode).toBe(code);
  return { code, all: report.findings };
}

const named = (all: Diagnosis[], level: string): string[] =>
  all.filter((finding) => finding.level === level).map(({ code }) => code);

test("nothing to mend: 0, and every line says what was looked at", async () => {
  const { code, out } = await doctor();
  expect(out).not.toMatch(/FAIL|warn| \? /);
  for (const line of ["The policy is loaded", "takes work at", "The clock agrees", "requires hms/gate of this App"])
    expect(out).toContain(line);
  expect(code).toBe(0);
});

describe("at GitHub, one thing is wrong: it is named, with a link into the settings", () => {
  const less = (name: string) => Object.fromEntries(Object.entries(PERMISSIONS).filter(([each]) => each !== name));

  test.each<[string, string, () => void | Promise<void>, () => void | Promise<void>]>([
    [
      "app-permissions",
      "/settings/apps/hms-sys/permissions",
      () => stage.github.changeApp(stage.app, { permissions: less("merge_queues") }),
      () => stage.github.changeApp(stage.app, { permissions: PERMISSIONS }),
    ],
    [
      "permissions-not-accepted",
      "/permissions/update",
      () => {
        stage.github.changeApp(stage.app, { permissions: { ...PERMISSIONS, checks: "read" } });
        stage.github.acceptPermissions(stage.installationId);
        stage.github.changeApp(stage.app, { permissions: PERMISSIONS });
      },
      () => stage.github.acceptPermissions(stage.installationId),
    ],
    [
      "app-events",
      "/settings/apps/hms-sys/permissions",
      () => stage.github.changeApp(stage.app, { events: EVENTS.filter((event) => event !== "pull_request") }),
      () => stage.github.changeApp(stage.app, { events: EVENTS }),
    ],
    [
      "webhook-url",
      "/settings/apps/hms-sys",
      () => stage.github.setWebhookUrl(stage.app, "https://old.acme.dev/hooks"),
      () => stage.github.setWebhookUrl(stage.app, `${stage.hms.url}/api/github/webhooks`),
    ],
    [
      "webhook-insecure",
      "/settings/apps/hms-sys",
      () => stage.github.changeApp(stage.app, { hookInsecure: true }),
      () => stage.github.changeApp(stage.app, { hookInsecure: false }),
    ],
    [
      "deliveries-failed",
      "/settings/apps/hms-sys/advanced",
      async () => {
        stage.github.failDeliveries(stage.app, { until: new Date(Date.now() + 60_000) });
        stage.github.ping(stage.app);
        await stage.github.deliveriesSettled();
      },
      async () => {
        stage.github.failDeliveries(stage.app, { count: 0 });
        stage.github.ping(stage.app);
        await stage.github.deliveriesSettled();
      },
    ],
    [
      "suspended",
      "/installations/",
      () => stage.github.suspend(stage.installationId),
      () => stage.github.unsuspend(stage.installationId),
    ],
  ])("%s", async (code, link, plant, undo) => {
    await plant();
    try {
      const { all, code: exit } = await findings();
      const found = all.find((finding) => finding.code === code);
      expect(named(all, "fail")).toContain(code);
      expect(found?.fix).toContain(`${stage.github.url}`);
      expect(found?.fix).toContain(link);
      expect(exit).toBe(1);
    } finally {
      await undo();
      await stage.github.deliveriesSettled();
    }
  });

  test("deliveries-none: an App whose webhook is not active", async () => {
    const { github } = stage;
    github.createOrg("quiet");
    const app = github.registerApp({
      slug: "quiet-hms",
      webhookSecret: "s",
      webhookUrl: `${stage.hms.url}/api/github/webhooks`,
      permissions: PERMISSIONS,
      events: EVENTS,
    });
    github.changeApp(app, { hookActive: false });
    const own = { APP_ID: String(app.id), PRIVATE_KEY: app.privateKeyPem };
    expect(named((await findings([], own)).all, "fail")).toContain("no-installation");
    github.install(app, "quiet");
    expect(named((await findings([], own)).all, "fail")).toContain("deliveries-none");
  });
});

describe("in a repository, one thing is wrong", () => {
  type Protect = Parameters<Stage["github"]["protect"]>[2];
  const gate = (appId?: number): Protect => ({
    requiredChecks: [{ context: "hms/gate", ...(appId ? { appId } : {}) }],
    enforceAdmins: true,
  });
  test.each<
    [
      string,
      string,
      () => { files?: Record<string, string>; protect?: Protect; ruleset?: Protect & { mergeQueue?: object } },
    ]
  >([
    ["gate-not-required", "fail", () => ({})],
    ["gate-not-required", "fail", () => ({ protect: { requiredChecks: [{ context: "ci" }], enforceAdmins: true } })],
    ["gate-not-pinned", "fail", () => ({ protect: gate() })],
    ["gate-not-pinned", "fail", () => ({ ruleset: gate() })],
    ["gate-pinned-elsewhere", "fail", () => ({ ruleset: gate(15368) })],
    [
      "gate-shadow-required",
      "fail",
      () => ({ files: { ".github/hms.yml": "version: 1\ngate: { mode: shadow }\n" }, ruleset: gate(stage.app.id) }),
    ],
    [
      "config",
      "fail",
      () => ({ files: { ".github/hms.yml": "version: 1\ngate:\n  mod: shadow\n" }, ruleset: gate(stage.app.id) }),
    ],
    ["admins-bypass", "warn", () => ({ protect: { ...gate(stage.app.id), enforceAdmins: false } })],
    ["stale-approvals", "warn", () => ({ ruleset: { ...gate(stage.app.id), reviews: 1 } })],
  ])("%s", async (code, level, plan) => {
    const { files = {}, protect, ruleset } = plan();
    const repository = await newRepository(stage, files);
    if (protect) stage.github.protect(repository, "main", protect);
    if (ruleset) stage.github.protectByRuleset(repository, "main", ruleset);
    const { all, code: exit } = await findings([repository.fullName]);
    const found = all.filter((finding) => finding.where === repository.fullName && finding.level !== "ok");
    expect(found.map((finding) => [finding.code, finding.level])).toEqual([[code, level]]);
    expect(found[0]?.fix).toContain(`${stage.github.url}/${repository.fullName}`);
    if (code === "config") expect(found[0]?.what).toContain(".github/hms.yml:3:3: ");
    expect(exit).toBe(level === "fail" ? 1 : 0);
  });

  test("the command that it prints mends what it names", async () => {
    const repository = await newRepository(stage);
    const { all } = await findings([repository.fullName]);
    const command = all.find(({ code }) => code === "gate-not-required")?.command ?? "";
    const ruleset = JSON.parse(/^echo '(.*)' \| gh api -X POST /.exec(command)?.[1] ?? "") as object;
    expect((await stage.as("linus", "POST", `/repos/${repository.fullName}/rulesets`, ruleset)).status).toBe(201);
    expect((await findings([repository.fullName])).code).toBe(0);
  });

  test("merge-queue: groups that nobody would judge", async () => {
    const repository = await newRepository(stage);
    stage.github.protectByRuleset(repository, "main", { ...gate(stage.app.id), mergeQueue: {} });
    stage.github.changeApp(stage.app, { events: EVENTS.filter((event) => event !== "merge_group") });
    try {
      const { all } = await findings([repository.fullName]);
      expect(all.find(({ code }) => code === "merge-queue")).toMatchObject({
        level: "fail",
        what: expect.stringContaining("merge_group"),
      });
    } finally {
      stage.github.changeApp(stage.app, { events: EVENTS });
    }
  });

  test("a protected branch beside the default one, and a repository that no installation covers", async () => {
    const repository = await newRepository(stage);
    await stage.github.commit(repository, "release", { files: { "a.txt": "a" }, author: "ada", message: "Release" });
    for (const branch of ["main", "release"])
      stage.github.protect(repository, branch, branch === "main" ? gate(stage.app.id) : { enforceAdmins: true });
    const { all } = await findings([repository.fullName, "acme/nowhere"]);
    expect(all.find(({ code }) => code === "gate-not-required")?.what).toContain("release");
    expect(all.find(({ code }) => code === "not-installed")?.where).toBe("acme/nowhere");
  });
});

describe("on this machine, one thing is wrong", () => {
  const planted: [string, string, () => Record<string, string> | Promise<Record<string, string>>][] = [
    [
      "checker",
      "fail",
      () => {
        writeFileSync(join(directory, "junk.wasm"), "junk");
        return { HMS_POLICY_BUNDLE: join(directory, "junk.wasm") };
      },
    ],
    ["store", "fail", () => ({ HMS_STORE_URL: `sqlite:${join(directory, "nowhere", "hms.db")}` })],
    ["process", "fail", async () => ({ PORT: String(await freePort()) })],
    ["public-url", "fail", () => ({ HMS_PUBLIC_URL: "http://hms.acme.dev" })],
    ["owner-not-allowed", "warn", () => ({ HMS_ALLOWED_OWNERS: "other" })],
    ["credentials", "fail", () => ({ APP_ID: "1" })],
    ["environment", "fail", () => ({ WEBHOOK_SECRET: "" })],
    ["not-set-up", "fail", () => ({ HMS_DATA_DIR: directory })],
  ];
  test.each(planted)("%s", async (code, level, change) => {
    const environment: Record<string, string> = { ...stage.environment, ...(await change()) };
    if (code === "not-set-up") for (const name of ["APP_ID", "PRIVATE_KEY", "WEBHOOK_SECRET"]) delete environment[name];
    const { out, code: exit } = await run(["--json"], environment);
    const { findings: all } = JSON.parse(out) as { findings: Diagnosis[] };
    expect(named(all, level)).toContain(code);
    if (level === "fail") expect(exit).toBe(1);
    expect(out).not.toContain(stage.app.webhookSecret);
  });

  test("clock: an hour off, as GitHub's answers show", async () => {
    const github = await startGitHub({ now: () => new Date(Date.now() - 3_600_000) });
    try {
      const app = github.registerApp({ slug: "hms-sys", webhookSecret: "s", permissions: PERMISSIONS, events: EVENTS });
      const own = { APP_ID: String(app.id), PRIVATE_KEY: app.privateKeyPem, GITHUB_API_URL: github.url };
      const { all, code } = await findings([], own);
      expect(all.find(({ code: each }) => each === "clock")).toMatchObject({
        level: "fail",
        what: expect.stringMatching(/^The clock is 3(?:599|600|601) s ahead of GitHub's/),
        command: "timedatectl set-ntp true",
      });
      expect(code).toBe(1);
    } finally {
      await github.close();
    }
  });

  test("GitHub is away: nothing is called well that was not looked at, and the exit code is 2", async () => {
    const undo = stage.github.fault({ path: /^\/(?!rate_limit)/, status: 503 });
    try {
      const { all, code } = await findings();
      expect(code).toBe(2);
      expect(named(all, "fail")).toEqual([]);
      expect(named(all, "unknown")).toEqual(
        expect.arrayContaining(["credentials", "webhook", "deliveries", "installations"]),
      );
    } finally {
      undo();
    }
  });

  test("what is no repository is no argument", async () => {
    expect((await doctor(["shop"])).code).toBe(2);
  });
});

test("the page says the same to an operator, and nothing to anybody else", async () => {
  const page = async (login: string) =>
    (await signedIn(stage.hms.url, stage.github.url, stage.token(login))).open(`${stage.hms.url}/doctor`);
  expect((await page("ada")).status).toBe(403);
  const { status, text } = await page("grace");
  expect(status).toBe(200);
  for (const part of ["requires hms/gate of this App", "webhook", "acme/shop"]) expect(text).toContain(part);
});
