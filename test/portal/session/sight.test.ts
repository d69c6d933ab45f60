import { pino } from "pino";
import { beforeEach, expect, test, vi } from "vitest";
import type { Session } from "../../../src/portal/session/sessions.ts";
import { Sight } from "../../../src/portal/session/sight.ts";
import type { Viewer } from "../../../src/portal/viewer.ts";
import { GitHubError } from "../../../src/ports/github.ts";

const MINUTE = 60_000;
const TEAMS = { operator: [{ org: "acme", slug: "sre" }], auditor: [], admin: [] };
let nowMs: number;
let person: { id: number; login: string };
let away: boolean;
const visible = vi.fn(async () => [
  { id: 7, owner: "Acme", repositoryIds: [42] },
  { id: 8, owner: "elsewhere", repositoryIds: [43] },
]);
const isActiveMember = vi.fn(async (_id: number, _team: unknown, login: string) => login === "ada");

function sight(allowedOwners: string[] = []): Sight {
  return new Sight({
    people: {
      authorizeUrl: () => "",
      exchange: async () => ({ refused: "" }),
      end: async () => undefined,
      async person() {
        if (away) throw new GitHubError("unavailable", 503, "away");
        return person;
      },
      visible,
    },
    teams: { isActiveMember },
    roleTeams: TEAMS,
    allowedOwners,
    clock: { now: () => nowMs },
    log: pino({ level: "silent" }),
  });
}

const session = (token: string | undefined = "t"): Session => ({
  hash: "h",
  person: { id: 1, login: "ada" },
  createdAtMs: 0,
  token: () => token,
});

async function viewer(of: Sight): Promise<Viewer> {
  const found = await of.viewer(session());
  if (found === "ended") throw new Error("ended");
  return found;
}

beforeEach(() => {
  nowMs = Date.UTC(2026, 0, 1);
  person = { id: 1, login: "ada" };
  away = false;
  visible.mockClear();
  isActiveMember.mockClear();
});

test("somebody who is renamed keeps nothing that their old login gives", async () => {
  const own = sight();
  expect((await viewer(own)).has("operator", "acme")).toBe(true);
  person = { id: 1, login: "ada-lovelace" };
  nowMs += 5 * MINUTE;
  const renamed = await viewer(own);
  expect([renamed.login, renamed.has("operator")]).toEqual(["ada-lovelace", false]);
});

test("a token that is somebody else's by now, or that cannot be opened, ends the session", async () => {
  person = { id: 2, login: "ada" };
  expect(await sight().viewer(session())).toBe("ended");
  expect(await sight().viewer({ ...session(), token: () => undefined })).toBe("ended");
});

test("owners that are not served are not seen, and their teams not asked", async () => {
  const own = await viewer(sight(["elsewhere"]));
  expect([own.sees(7, 42), own.sees(8, 43), own.has("operator")]).toEqual([false, true, false]);
  expect(isActiveMember).not.toHaveBeenCalled();
});

test("many requests at once are one question; none while what is known is fresh", async () => {
  const own = sight();
  await Promise.all(Array.from({ length: 20 }, () => viewer(own)));
  nowMs += 4 * MINUTE;
  await viewer(own);
  expect(visible).toHaveBeenCalledTimes(1);
});

test("while GitHub is away it is asked every ten seconds at most, however many come", async () => {
  const own = sight();
  away = true;
  for (let i = 0; i < 20; i++) expect((await viewer(own)).sees(7, 42)).toBe(false);
  away = false;
  nowMs += 9_000;
  expect((await viewer(own)).sees(7, 42)).toBe(false);
  nowMs += 1_000;
  expect((await viewer(own)).sees(7, 42)).toBe(true);
});

test("who is refused is looked at again, but not by the second", async () => {
  const own = await viewer(sight());
  expect(await own.renewed?.()).toBeUndefined();
  nowMs += 10_000;
  expect((await own.renewed?.())?.sees(7, 42)).toBe(true);
  expect(visible).toHaveBeenCalledTimes(2);
});
