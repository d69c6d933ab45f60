import { describe, expect, test } from "vitest";
import type { PreviewRecord, PreviewState } from "../../src/model/preview.ts";
import { previewCheck, previewComment } from "../../src/preview/preview.ts";
import { SHA } from "./plans.ts";

const PUSHED = "f".repeat(40);

function record(state: PreviewState, given: Partial<PreviewRecord> = {}): PreviewRecord {
  return {
    state,
    sha: SHA,
    slug: "pr-shop-7-12345678",
    url: "https://pr-shop-7-12345678.preview.acme.dev",
    reasons: [],
    parts: [],
    made: [
      {
        cluster: "in-cluster",
        namespace: "pr-shop-7-12345678",
        argocd: { cluster: "in-cluster", namespace: "argocd" },
      },
    ],
    sinceMs: 0,
    activeAtMs: 0,
    ...given,
  };
}

const said = (given: PreviewRecord, shown = false): string => {
  const state = previewCheck(SHA, given, shown)?.state;
  return state === undefined ? "nothing" : state.status === "completed" ? state.conclusion : state.status;
};
const fork = {
  cause: "fork" as const,
  message: `Someone has to comment: /hms ok-to-test ${SHA}`,
  awaits: "people" as const,
};

describe("hms/preview", () => {
  test.each<[PreviewState, string, string]>([
    ["healthy", "success", "success"],
    ["degraded", "failure", "failure"],
    ["failed", "failure", "failure"],
    ["queued", "in_progress", "in_progress"],
    ["provisioning", "in_progress", "in_progress"],
    ["sleeping", "action_required", "action_required"],
    ["blocked", "nothing", "action_required"],
    ["tearing-down", "nothing", "in_progress"],
    ["disabled", "nothing", "action_required"],
    ["skipped", "nothing", "action_required"],
    ["gone", "nothing", "action_required"],
  ])("%s is %s, and %s where it was shown before", (state, first, again) => {
    expect([said(record(state)), said(record(state), true)]).toEqual([first, again]);
    // What is not known is never green, whatever was last seen.
    expect(said(record(state, { unknown: "connection refused" }))).toBe("in_progress");
    expect(previewCheck(PUSHED, record(state), true)).toBeUndefined();
  });

  test("a fork is blocked on people, with the line to paste as it is", () => {
    const check = previewCheck(SHA, record("blocked", { reasons: [fork] }));
    expect(check?.state).toEqual({ status: "completed", conclusion: "action_required" });
    expect(check?.summary).toContain(`\`/hms ok-to-test ${SHA}\``);
  });

  test("titles are one line with state and number", () => {
    const title = (given: PreviewRecord) => previewCheck(SHA, given)?.title;
    expect(title(record("healthy"))).toBe("Healthy · https://pr-shop-7-12345678.preview.acme.dev");
    expect(title(record("queued", { position: 3 }))).toBe("Queued: number 3 in line");
    const long = title(record("failed", { reasons: [{ ...fork, message: `a\nb ${"x".repeat(300)}` }] }));
    expect([long?.length, long?.startsWith("Failed: a b x")]).toEqual([120, true]);
  });
});

const EVIL = "<img src=x> @acme/all [x](http://evil) `|` | #1\n\n# hi";
const evil: Partial<PreviewRecord> = {
  reasons: [{ cause: "sync", message: EVIL, object: `Deployment ${EVIL}`, file: EVIL, awaits: "people" }],
  parts: [
    { component: EVIL, cluster: EVIL, application: EVIL, sync: EVIL, health: EVIL, revision: EVIL, green: false },
  ],
  unknown: EVIL,
  url: `https://x.dev/${EVIL}`,
};

test("nothing that others wrote becomes markup, in the check and in the comment", () => {
  for (const state of ["failed", "healthy"] as const) {
    const check = previewCheck(SHA, record(state, evil));
    const text = `${check?.summary}\n${check?.text}\n${previewComment(record(state, evil), { shown: true })}`;
    const bare = text.replace(/(`+)[^`].*?[^`]?\1/g, "");
    expect(bare).not.toMatch(/(?<!\\)<img|@acme|(?<!\\)\[x|\n# hi/);
    expect(bare).not.toContain("](http");
  }
});

describe("the comment", () => {
  test("is not written where there is nothing to say, and corrected where it said something", () => {
    for (const state of ["disabled", "skipped", "gone"] as const) {
      expect(previewComment(record(state), { shown: false })).toBeUndefined();
      expect(previewComment(record(state), { shown: true })).toContain("Preview: ");
    }
  });

  test("says where it is, of which commit, how long, and what to paste", () => {
    const times = { expiresAtMs: Date.UTC(2026, 10, 24, 12), sleepsAtMs: Date.UTC(2026, 10, 21, 20) };
    const text = previewComment(record("healthy", times), { shown: false, pageUrl: "https://hms.acme.dev/p/7" });
    expect(text).toContain("**<https://pr-shop-7-12345678.preview.acme.dev>**");
    expect(text).toContain(
      "Commit `0123456`. It goes to sleep at 2026-11-21 20:00 UTC and is removed at 2026-11-24 12:00 UTC",
    );
    expect(text).toContain("/hms preview extend 24h\n/hms preview sleep\n/hms preview down");
    expect(previewComment(record("sleeping", times), { shown: true })).toContain("/hms preview wake");
  });

  test("gives no address of what is not known to be there", () => {
    expect(previewComment(record("healthy", { unknown: "x" }), { shown: true })).not.toContain("https://pr-shop");
    expect(previewComment(record("failed"), { shown: true })).not.toContain("https://pr-shop");
  });
});
