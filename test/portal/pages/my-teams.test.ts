import { pino } from "pino";
import { expect, test, vi } from "vitest";
import { type AwaitedTeam, MyTeams } from "../../../src/portal/pages/my-teams.ts";
import { GitHubError } from "../../../src/ports/github.ts";
import { SettableClock } from "../../contract/settable-clock.ts";

const team = (slug: string, installationId = 7): AwaitedTeam => ({ installationId, team: { org: "acme", slug } });
const SRE = team("sre");

function bench(answer: (slug: string) => Promise<boolean>) {
  const clock = new SettableClock();
  const asked: string[] = [];
  const isActiveMember = (installationId: number, { slug }: { slug: string }, login: string) => {
    asked.push(`${installationId} ${slug} ${login}`);
    return answer(slug);
  };
  const mine = new MyTeams({ teams: { isActiveMember }, clock, log: pino({ enabled: false }) });
  return { clock, asked, look: (one: AwaitedTeam, login = "ada", left = 9) => mine.look(login, [one], { left }), mine };
}

test("an answer is used for five minutes, for that person, that team and that installation alone", async () => {
  const { clock, asked, look } = bench(async () => true);
  expect((await look(SRE))(SRE)).toBe(true);
  clock.advance(5 * 60_000 - 1);
  expect((await look(SRE))(team("SRE"))).toBe(true);
  expect(asked).toHaveLength(1);
  expect((await look(SRE))(team("sre", 8))).toBeUndefined();
  await look(team("sre", 8));
  await look(SRE, "grace");
  await look(team("ops"));
  expect(asked).toEqual(["7 sre ada", "8 sre ada", "7 sre grace", "7 ops ada"]);
  clock.advance(1);
  await look(SRE);
  expect(asked).toHaveLength(5);
});

test("an error means that it is not known, and GitHub is not asked again at once", async () => {
  let away = true;
  const { clock, asked, look } = bench(async () => {
    if (away) throw new GitHubError("unavailable", 502, "away");
    return true;
  });
  expect((await look(SRE))(SRE)).toBeUndefined();
  away = false;
  expect((await look(SRE))(SRE)).toBeUndefined();
  expect(asked).toHaveLength(1);
  clock.advance(30_000);
  expect((await look(SRE))(SRE)).toBe(true);
});

test("no more calls than are left; what is known costs none, and what was not asked is not known", async () => {
  const { asked, mine } = bench(async () => true);
  const many = Array.from({ length: 30 }, (_, at) => team(`team-${at}`));
  const first = await mine.look("ada", many, { left: 20 });
  expect(asked).toHaveLength(20);
  expect(many.filter((one) => first(one) === undefined)).toHaveLength(10);
  const calls = { left: 20 };
  const second = await mine.look("ada", many, calls);
  expect(many.every((one) => second(one) === true)).toBe(true);
  expect(calls.left).toBe(10);
});

test("nobody waits for GitHub for long, two who ask at once are one call, and a late answer is used", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  try {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const { asked, look } = bench(() => promise);
    const both = Promise.all([look(SRE), look(SRE)]);
    await vi.advanceTimersByTimeAsync(3_000);
    for (const member of await both) expect(member(SRE)).toBeUndefined();
    expect(asked).toHaveLength(1);
    resolve(true);
    await vi.advanceTimersByTimeAsync(0);
    expect((await look(SRE))(SRE)).toBe(true);
    expect(asked).toHaveLength(1);
  } finally {
    vi.useRealTimers();
  }
});
