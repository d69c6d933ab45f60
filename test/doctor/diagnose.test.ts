import { describe, expect, test } from "vitest";
import { DEFAULTS } from "../../src/config/schema.ts";
import { diagnose, exitCodeOf } from "../../src/doctor/diagnose.ts";
import type { Facts, RepositoryFacts } from "../../src/doctor/facts.ts";
import { quoted } from "../../src/doctor/finding.ts";
import { reportText } from "../../src/doctor/report.ts";
import type { InspectedBranch } from "../../src/ports/inspection.ts";
import { BRANCH, delivery, factsOf, INSTALLATION, known, notKnown, REPOSITORY } from "./facts-of.ts";

const worse = (facts: Facts) =>
  diagnose(facts)
    .filter(({ level }) => level !== "ok")
    .map(({ level, code }) => `${level} ${code}`);

test("nothing to mend", () => {
  expect(worse(factsOf())).toEqual([]);
  expect(exitCodeOf(diagnose(factsOf()))).toBe(0);
});

const settings = factsOf().settings;
const hook = { url: "https://hms.acme.dev/api/github/webhooks", contentType: "json", insecureSsl: false };
const app = factsOf().app as { ok: true; value: Extract<Facts["app"], { ok: true }>["value"] };

describe("the process, the App and its webhook", () => {
  test.each<[string[], Partial<Facts>]>([
    [
      ["fail public-url"],
      {
        settings: { ...settings, publicUrl: "http://127.0.0.1:3000" },
        hook: known({ ...hook, url: "http://127.0.0.1:3000/api/github/webhooks" }),
      },
    ],
    [
      ["fail public-url"],
      {
        settings: { ...settings, publicUrl: "http://hms.acme.dev" },
        hook: known({ ...hook, url: "http://hms.acme.dev/api/github/webhooks" }),
      },
    ],
    [["fail clock"], { clock: known({ aheadMs: 31_000, exactToMs: 500 }) }],
    [["fail clock"], { clock: known({ aheadMs: -31_000, exactToMs: 500 }) }],
    [[], { clock: known({ aheadMs: 30_400, exactToMs: 500 }) }],
    [["unknown clock"], { clock: notKnown("away") }],
    [["fail webhook-url"], { hook: known({ ...hook, url: "" }) }],
    [["fail webhook-url"], { hook: known({ ...hook, url: "https://hms.acme.dev/" }) }],
    [[], { hook: known({ ...hook, url: `${hook.url}/` }) }],
    [
      ["fail webhook-insecure", "fail webhook-content-type"],
      { hook: known({ ...hook, insecureSsl: true, contentType: "form" }) },
    ],
    [["fail deliveries-none"], { deliveries: known([]) }],
    [["warn deliveries-none"], { deliveries: known([]), installations: known([{ ...INSTALLATION, createdAtMs: 0 }]) }],
    [["fail deliveries-failed"], { deliveries: known([delivery("b", 401), delivery("a", 202)]) }],
    [["fail deliveries-failed"], { deliveries: known([delivery("a", 0)]) }],
    [[], { deliveries: known([delivery("a", 202), delivery("a", 502), delivery("b", 502)]) }],
    [["fail credentials"], { app: notKnown("GitHub answered 401: Bad credentials") }],
    [["unknown credentials"], { app: notKnown("GitHub answered 502: Server Error") }],
    [
      ["fail app-permissions"],
      { app: known({ ...app.value, permissions: { checks: "read", contents: "read", merge_queues: "read" } }) },
    ],
    [
      ["warn app-permissions-unneeded"],
      { app: known({ ...app.value, permissions: { ...app.value.permissions, administration: "write" } }) },
    ],
    [["fail app-events"], { app: known({ ...app.value, events: ["pull_request"] }) }],
    [["fail no-installation"], { installations: known([]) }],
    [["fail suspended"], { installations: known([{ ...INSTALLATION, suspended: true }]) }],
    [
      ["fail permissions-not-accepted"],
      { installations: known([{ ...INSTALLATION, permissions: { checks: "write" } }]) },
    ],
    [["fail events-not-accepted"], { installations: known([{ ...INSTALLATION, events: ["pull_request"] }]) }],
    [["warn owner-not-allowed"], { settings: { ...settings, allowedOwners: ["other"] } }],
    [[], { settings: { ...settings, allowedOwners: ["acme"] } }],
    [["fail not-installed"], { notCovered: ["acme/x"] }],
    [["unknown repositories"], { notCovered: ["acme/x"], unlisted: "GitHub answered 502" }],
    [["warn left-out"], { leftOut: 3 }],
  ])("%j", (expected, change) => {
    expect(worse(factsOf(change))).toEqual(expected);
  });

  test("a token that GitHub finds to be of another time is told as a wrong clock, not as wrong credentials", () => {
    const problem = "GitHub answered 401: 'Expiration time' claim ('exp') is too far in the future";
    const found = diagnose(factsOf({ app: notKnown(problem) })).find(({ code }) => code === "credentials");
    expect(found?.fix).toContain("clock");
  });

  test("what GitHub answered 401 to is told as a secret that differs, and what it cannot reach as such", () => {
    const what = (statusCode: number) =>
      diagnose(factsOf({ deliveries: known([delivery("a", statusCode)]) })).find(({ level }) => level === "fail")?.what;
    expect(what(401)).toContain("secret");
    expect(what(502)).toContain("cannot connect");
    expect(what(404)).toContain("not HMS-SYS");
  });
});

const SHADOW = { valid: true as const, config: { ...DEFAULTS, gate: { ...DEFAULTS.gate, mode: "shadow" as const } } };

describe("a repository", () => {
  const branchWith = (change: Partial<InspectedBranch>): Partial<RepositoryFacts> => ({
    branches: known([{ ...BRANCH, ...change }]),
  });
  const gate = (appId: number | undefined) => ({ context: "hms/gate", appId, source: "protection" as const });
  test.each<[string[], Partial<RepositoryFacts>]>([
    [["fail gate-not-required"], branchWith({ checks: [] })],
    [["fail gate-not-required"], branchWith({ checks: [{ context: "hms/gate-shadow", appId: 7, source: "ruleset" }] })],
    [["fail gate-not-pinned"], branchWith({ checks: [gate(undefined)] })],
    [[], branchWith({ checks: [gate(undefined), gate(7)] })],
    [["fail gate-pinned-elsewhere"], branchWith({ checks: [gate(7), gate(8)] })],
    [["warn admins-bypass"], branchWith({ adminsBypass: true })],
    [["warn stale-approvals"], branchWith({ staleApprovals: true })],
    [[], branchWith({ mergeQueue: true })],
    [["fail gate-shadow-required"], { configuration: known(SHADOW) }],
    [[], { configuration: known(SHADOW), ...branchWith({ checks: [] }) }],
    [["unknown config"], { configuration: notKnown("GitHub answered 502") }],
    [["unknown gate"], { branches: notKnown("GitHub answered 403") }],
    [["unknown gate"], { moreBranches: true }],
  ])("%j", (expected, change) => {
    expect(worse(factsOf({ repositories: [{ ...REPOSITORY, ...change }] }))).toEqual(expected);
  });

  test("a merge queue without the permission and the event", () => {
    const facts = factsOf({
      installations: known([{ ...INSTALLATION, permissions: { checks: "write", contents: "read" }, events: [] }]),
      repositories: [{ ...REPOSITORY, ...branchWith({ mergeQueue: true }) }],
    });
    const found = diagnose(facts).find(({ code }) => code === "merge-queue");
    expect(found?.what).toMatch(/merge_queues: read and the event merge_group/);
  });

  test("a branch's name that a terminal or a shell would take apart stays text", () => {
    const name = "a'$(reboot)\u202e\u001b[2J";
    const repositories = [{ ...REPOSITORY, ...branchWith({ name, checks: [] }) }];
    const found = diagnose(factsOf({ repositories })).find(({ code }) => code === "gate-not-required");
    expect(found?.command).toContain("refs/heads/a'\\''$(reboot)");
    const text = reportText(diagnose(factsOf({ repositories })));
    for (const odd of ["\u202e", "\u001b"]) expect(text).not.toContain(odd);
  });
});

test("one shell word", () => {
  expect(quoted("it's")).toBe("'it'\\''s'");
});

test.each([
  [["ok", "warn"], 0],
  [["ok", "unknown"], 2],
  [["unknown", "fail"], 1],
] as const)("%j → exit code %i", (levels, code) => {
  expect(exitCodeOf(levels.map((level) => ({ level, code: "x", where: "y", what: "z" })))).toBe(code);
});
