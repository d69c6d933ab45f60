import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { PreviewRecord } from "../../src/model/preview.ts";
import { wantedOf } from "../../src/preview/preview.ts";
import { previewConfig, SHA } from "./plans.ts";

type Facts = Parameters<typeof wantedOf>[0];
const HOUR_MS = 3_600_000;
const NOW_MS = 1_000 * HOUR_MS;
const OLD = "a".repeat(40);
const config = previewConfig({ ttlMs: 72 * HOUR_MS, sleepAfterMs: 8 * HOUR_MS });
const pull = { state: "open" as const, draft: false, labels: [] as string[], fork: false, headSha: SHA };
const place = { cluster: "c", namespace: "pr-x", argocd: { cluster: "c", namespace: "argocd" } };

function record(given: Partial<PreviewRecord> = {}): PreviewRecord {
  return {
    state: "healthy",
    sha: SHA,
    slug: "pr-x",
    reasons: [],
    parts: [],
    made: [place],
    sinceMs: 0,
    activeAtMs: NOW_MS - HOUR_MS,
    expiresAtMs: NOW_MS + HOUR_MS,
    ...given,
  };
}

function facts(given: Partial<Facts> = {}): Facts {
  return {
    pull,
    config,
    grounds: true,
    wish: {},
    okToTest: null,
    changedFiles: [],
    before: undefined,
    nowMs: NOW_MS,
    ...given,
  };
}

const filtered = (when: Partial<typeof config.when>) => ({ ...config, when: { ...config.when, ...when } });
const ago = (hours: number, given: Partial<PreviewRecord> = {}) =>
  record({ activeAtMs: NOW_MS - hours * HOUR_MS, ...given });
const up = { wanted: { what: "up" as const, by: "ann", sha: OLD, atMs: NOW_MS - 1 } };

describe("what is wanted", () => {
  test.each<[name: string, given: Partial<Facts>, wanted: string]>([
    ["an open pull request", {}, "up"],
    ["a closed one", { pull: { ...pull, state: "closed" } }, "gone"],
    ["a closed one whose configuration is broken", { pull: { ...pull, state: "closed" }, configBroken: "x" }, "gone"],
    ["no cluster declared", { grounds: false }, "disabled"],
    ["no cluster declared any more", { grounds: false, before: record() }, "leave"],
    ["configuration broken", { configBroken: "hms.yml: line 3", before: record() }, "leave"],
    ["none asked for", { config: null, before: record() }, "disabled"],
    ["a draft", { pull: { ...pull, draft: true } }, "skipped"],
    ["a draft where drafts are wanted", { pull: { ...pull, draft: true }, config: filtered({ draft: true }) }, "up"],
    [
      "a label that keeps it off",
      { pull: { ...pull, labels: ["No-Preview"] }, config: filtered({ labels: { any: [], not: ["no-preview"] } }) },
      "skipped",
    ],
    ["without the label it needs", { config: filtered({ labels: { any: ["preview"], not: [] } }) }, "skipped"],
    [
      "with it",
      { pull: { ...pull, labels: ["preview"] }, config: filtered({ labels: { any: ["preview"], not: [] } }) },
      "up",
    ],
    ["no file of its paths", { changedFiles: ["docs/a.md"], config: filtered({ paths: ["src/**"] }) }, "skipped"],
    [
      "a file of its paths",
      { changedFiles: ["docs/a.md", "src/b/c.ts"], config: filtered({ paths: ["src/**"] }) },
      "up",
    ],
    ["files that are not all known", { changedFiles: null, config: filtered({ paths: ["src/**"] }) }, "up"],
    ["a draft that somebody wants", { pull: { ...pull, draft: true }, wish: up }, "up"],
    ["taken away", { wish: { wanted: { what: "down", by: "ann", sha: SHA, atMs: 1 } }, before: record() }, "skipped"],
    ["taken away before the push", { wish: { wanted: { what: "down", by: "ann", sha: OLD, atMs: 1 } } }, "up"],
    ["a fork", { pull: { ...pull, fork: true } }, "blocked"],
    ["a fork, wanted by somebody", { pull: { ...pull, fork: true }, wish: up }, "blocked"],
    ["a fork, this commit let run", { pull: { ...pull, fork: true }, okToTest: SHA }, "up"],
    [
      "a fork that was pushed to since",
      { pull: { ...pull, fork: true }, okToTest: OLD, before: record({ sha: OLD }) },
      "blocked",
    ],
    [
      "a fork, never",
      { pull: { ...pull, fork: true }, okToTest: SHA, config: { ...config, forks: "never" } },
      "blocked",
    ],
    ["quiet for long", { before: ago(9) }, "asleep"],
    ["quiet for long, never asleep", { before: ago(9), config: { ...config, sleepAfterMs: 0 } }, "up"],
    ["quiet for long, then pushed to", { before: ago(9, { sha: OLD }) }, "up"],
    [
      "quiet for long, then woken",
      { before: ago(9), wish: { sleep: { what: "wake", by: "a", atMs: NOW_MS - 5 } } },
      "up",
    ],
    ["sent to sleep", { before: ago(1), wish: { sleep: { what: "sleep", by: "a", atMs: NOW_MS - 5 } } }, "asleep"],
    [
      "sent to sleep, then pushed to",
      { before: ago(1, { sha: OLD }), wish: { sleep: { what: "sleep", by: "a", atMs: NOW_MS - 5 } } },
      "up",
    ],
    ["its time over", { before: ago(72) }, "skipped"],
    ["its time over, removed since", { before: ago(99, { state: "skipped", made: [] }) }, "skipped"],
    ["its time over, known by the reason alone", { before: expired() }, "skipped"],
    ["its time over, then pushed to", { before: ago(99, { sha: OLD, state: "skipped" }) }, "up"],
    ["its time over, wanted by somebody since", { before: ago(99, { state: "skipped" }), wish: up }, "up"],
    [
      "with more time",
      {
        before: ago(7),
        wish: { extended: { untilMs: NOW_MS + 9, by: "a", atMs: 1 } },
        config: { ...config, ttlMs: HOUR_MS },
      },
      "up",
    ],
    [
      "given more time when it was over",
      {
        before: ago(99, { state: "skipped" }),
        wish: { extended: { untilMs: NOW_MS + HOUR_MS, by: "a", atMs: NOW_MS - 1 } },
      },
      "up",
    ],
    ["in the queue for long", { before: ago(99, { state: "queued" }) }, "up"],
    ["blocked for long, let run now", { pull: { ...pull, fork: true }, okToTest: SHA, before: blocked() }, "up"],
  ])("%s", (_name, given, wanted) => {
    const found = wantedOf(facts(given));
    expect(found.kind === "down" ? found.state : found.kind).toBe(wanted);
    if (found.kind === "down" && found.state !== "gone") expect(found.reasons[0]?.message).not.toBe("");
    if (found.kind === "up" || found.kind === "asleep") expect(found.untilMs).toBeGreaterThan(NOW_MS);
  });

  function expired(): PreviewRecord {
    const { expiresAtMs: _, ...rest } = ago(99, { state: "tearing-down" });
    return { ...rest, reasons: [{ cause: "expired", message: "", awaits: "nobody" }] };
  }
  function blocked(): PreviewRecord {
    const { expiresAtMs: _, ...rest } = ago(99, { state: "blocked", made: [] });
    return rest;
  }
});

test("a fork is told the line to paste, with exactly its commit", () => {
  const found = wantedOf(facts({ pull: { ...pull, fork: true } }));
  expect(found).toMatchObject({
    reasons: [{ awaits: "people", message: expect.stringMatching(`: /hms ok-to-test ${SHA}$`) }],
  });
});

test("times count from the last push or command", () => {
  const times = { activeAtMs: NOW_MS, expiresAtMs: NOW_MS + 72 * HOUR_MS, sleepsAtMs: NOW_MS + 8 * HOUR_MS };
  expect(wantedOf(facts())).toEqual({ kind: "up", ...times, untilMs: times.sleepsAtMs });
  expect(wantedOf(facts({ before: record() }))).toMatchObject({ activeAtMs: NOW_MS - HOUR_MS });
});

test("no fork's commit ever runs but the one that was let run, and asking again changes nothing", () => {
  const sha = fc.constantFrom(SHA, OLD, null);
  fc.assert(
    fc.property(
      fc.record({ okToTest: sha, draft: fc.boolean(), closed: fc.boolean(), wishes: fc.boolean(), made: fc.boolean() }),
      ({ okToTest, draft, closed, wishes, made }) => {
        const given = facts({
          pull: { ...pull, fork: true, draft, state: closed ? "closed" : "open" },
          okToTest,
          wish: wishes ? up : {},
          before: made ? record() : undefined,
        });
        const found = wantedOf(given);
        if (okToTest !== SHA) expect(["up", "asleep"]).not.toContain(found.kind);
        expect(wantedOf(given)).toEqual(found);
      },
    ),
  );
});
