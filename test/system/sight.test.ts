import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { compose, type Service } from "../../src/compose.ts";
import { readSettings } from "../../src/config/settings.ts";
import type { Route } from "../../src/portal/route.ts";
import { ROLES } from "../../src/portal/viewer.ts";
import { type Stage, setStage } from "../stage/stage.ts";
import { signedIn, type Visitor } from "../stage/visitor.ts";

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const MINUTE = 60_000;
let stage: Stage;
let service: Service;
let aheadMs = 0;
let vault: { id: number; fullName: string };
let installations: { acme: number; other: number };

/** What the viewer of a request sees of the two repositories, and may do for their owners. */
const EYES: Route = {
  method: "GET",
  path: "/api/v1/eyes",
  access: "reader",
  summary: "",
  handler: (context, viewer) =>
    context.json({
      acme: viewer.sees(installations.acme, vault.id),
      // The same repository's id in somebody else's installation is nothing.
      mixed: viewer.sees(installations.other, vault.id),
      roles: ROLES.filter((role) => viewer.has(role, "Acme")),
      elsewhere: ROLES.filter((role) => viewer.has(role, "other")),
    }),
};

beforeAll(async () => {
  stage = await setStage({ withoutHms: true });
  const { github } = stage;
  vault = await github.createRepository("acme", "vault", { private: true, files: { "README.md": "x\n" } });
  github.createOrg("other", { members: ["mallory"] });
  github.createTeam("other", "sre", { members: ["mallory"] });
  await github.createRepository("other", "own", { private: true, files: { "README.md": "x\n" } });
  installations = { acme: stage.installationId, other: github.install(stage.app, "other").id };
  for (const login of ["ada", "grace"]) github.setCollaborator(vault, login, "read");
  for (const team of ["sre", "audit", "leads"]) github.createTeam("acme", team);
  const read = readSettings({
    ...stage.environment,
    LOG_LEVEL: "silent",
    HMS_OPERATOR_TEAMS: "acme/sre,other/sre",
    HMS_AUDITOR_TEAMS: "acme/audit",
    HMS_ADMIN_TEAMS: "acme/leads,acme/no-such-team",
  });
  if (!("settings" in read)) throw new Error("no settings");
  service = await compose(read.settings, {
    clock: { now: () => Date.now() + aheadMs },
    routes: (routes) => [...routes, EYES],
  });
  stage.hms = { kill: () => service.stop() } as never;
});
afterAll(() => stage?.close());

const person = (login: string): Promise<Visitor> => signedIn(service.url, stage.github.url, stage.token(login));

interface Eyes {
  acme: boolean;
  mixed: boolean;
  roles: string[];
  elsewhere: string[];
}

async function eyes(visitor: Visitor): Promise<Eyes> {
  const { status, text } = await visitor.request(`${service.url}/api/v1/eyes`);
  if (status !== 200) throw new Error(`${status}: ${text}`);
  return JSON.parse(text) as Eyes;
}

const statusOf = async (visitor: Visitor): Promise<number> =>
  (await visitor.request(`${service.url}/api/v1/eyes`)).status;

/** Time goes on for the process, in steps in which nobody's session falls asleep. */
async function later(minutes: number, ...visitors: Visitor[]): Promise<void> {
  for (let left = minutes; left > 0; left -= 20) {
    aheadMs += Math.min(left, 20) * MINUTE;
    for (const visitor of visitors) await statusOf(visitor);
  }
}

describe("what one sees follows what GitHub shows", () => {
  test("by installation: nobody sees another's, and no id fits in two", async () => {
    expect(await eyes(await person("ada"))).toMatchObject({ acme: true, mixed: false, elsewhere: ["reader"] });
    expect(await eyes(await person("mallory"))).toMatchObject({
      acme: false,
      mixed: false,
      roles: ["reader"],
      elsewhere: ["reader", "operator"],
    });
  });

  test("access that is taken away is gone within five minutes; access that is given comes", async () => {
    const [ada, linus] = [await person("ada"), await person("linus")];
    expect([(await eyes(ada)).acme, (await eyes(linus)).acme]).toEqual([true, false]);
    stage.github.setCollaborator(vault, "ada", null);
    stage.github.setCollaborator(vault, "linus", "read");
    await later(5, ada, linus);
    expect([(await eyes(ada)).acme, (await eyes(linus)).acme]).toEqual([false, true]);
  });

  test("while GitHub cannot say, what is known counts for fifteen minutes, and then nothing is seen", async () => {
    const grace = await person("grace");
    expect((await eyes(grace)).acme).toBe(true);
    const restore = stage.github.fault({ path: /^\/user/, status: 503 });
    await later(10, grace);
    expect((await eyes(grace)).acme).toBe(true);
    await later(5, grace);
    expect(await eyes(grace)).toMatchObject({ acme: false, roles: ["reader"] });
    restore();
    await later(1, grace);
    expect((await eyes(grace)).acme).toBe(true);
  });

  test("an answer that is none shows nothing more: an empty list, a page, half of it", async () => {
    const linus = await person("linus");
    expect((await eyes(linus)).acme).toBe(true);
    for (const fault of [
      { path: /^\/user\/installations/, status: 200, body: "<html></html>" },
      { path: /^\/user\/installations\/\d+\/repositories/, status: 502 },
      { path: /^\/user\/installations/, dropConnection: "before" as const },
    ]) {
      const restore = stage.github.fault(fault);
      await later(16, linus);
      expect((await eyes(linus)).acme, String(fault.path)).toBe(false);
      restore();
      await later(6, linus);
      expect((await eyes(linus)).acme).toBe(true);
    }
  });

  test("an installation that is suspended or gone shows nothing", async () => {
    const linus = await person("linus");
    stage.github.suspend(installations.acme);
    await later(5, linus);
    expect((await eyes(linus)).acme).toBe(false);
    stage.github.unsuspend(installations.acme);
    await later(5, linus);
    expect((await eyes(linus)).acme).toBe(true);
  });
});

describe("roles follow teams", () => {
  test("membership gives one and takes it away, for the organisation's repositories alone", async () => {
    const { github } = stage;
    const grace = await person("grace");
    expect((await eyes(grace)).roles).toEqual(["reader"]);
    for (const [team, roles] of [
      ["sre", ["reader", "operator"]],
      ["audit", ["reader", "auditor"]],
      ["leads", ["reader", "operator", "auditor", "admin"]],
    ] as const) {
      github.addTeamMember("acme", team, "grace");
      await later(5, grace);
      expect(await eyes(grace), team).toMatchObject({ roles, elsewhere: ["reader"] });
      github.removeTeamMember("acme", team, "grace");
      await later(5, grace);
      expect((await eyes(grace)).roles).toEqual(["reader"]);
    }
  });

  test("a role that was just given need not wait: it is asked before somebody is refused", async () => {
    const grace = await person("grace");
    const refused = async () => (await grace.request(`${service.url}/api/v1/queue`)).status;
    expect(await refused()).toBe(403);
    stage.github.addTeamMember("acme", "sre", "grace");
    aheadMs += 11_000;
    expect(await refused()).toBe(200);
    stage.github.removeTeamMember("acme", "sre", "grace");
  });

  test("while teams cannot be read a role lasts fifteen minutes at most", async () => {
    stage.github.addTeamMember("acme", "sre", "grace");
    const grace = await person("grace");
    expect((await eyes(grace)).roles).toContain("operator");
    const restore = stage.github.fault({ path: /\/teams\/.*\/memberships\//, status: 500 });
    await later(10, grace);
    expect((await eyes(grace)).roles).toContain("operator");
    await later(6, grace);
    expect((await eyes(grace)).roles).toEqual(["reader"]);
    restore();
  });

  test("an App that may not read teams gives no role", async () => {
    const grace = await person("grace");
    const restore = stage.github.fault({ path: /\/teams\/.*\/memberships\//, status: 403 });
    await later(5, grace);
    expect((await eyes(grace)).roles).toEqual(["reader"]);
    restore();
  });
});

describe("a session ends", () => {
  test("after an hour in which nobody came", async () => {
    const ada = await person("ada");
    aheadMs += 59 * MINUTE;
    expect(await statusOf(ada)).toBe(200);
    aheadMs += 60 * MINUTE;
    expect(await statusOf(ada)).toBe(401);
  });

  test("after eight hours, however often somebody comes", async () => {
    const ada = await person("ada");
    await later(7 * 60 + 59, ada);
    expect(await statusOf(ada)).toBe(200);
    await later(1, ada);
    expect(await statusOf(ada)).toBe(401);
  });
});
