import { describe, expect, test } from "vitest";
import { mapDelivery } from "../../src/intake/deliveries.ts";

const SHA = "a".repeat(40);
const SCANNED = "b".repeat(40);
const TITLE = `hms-scan sast ${SCANNED} ${"c".repeat(32)}`;
const run = (more: object) => ({
  action: "completed",
  installation: { id: 7 },
  repository: { id: 42, name: "shop", owner: { login: "acme" }, default_branch: "main" },
  sender: { login: "hms[bot]", id: 9, type: "Bot" },
  workflow_run: { id: 51, head_sha: SHA, path: ".github/workflows/hms-scan.yml", display_title: TITLE, ...more },
});
const mapped = (more: object, action = "completed") =>
  mapDelivery("d-1", "workflow_run", { ...run(more), action }, Date.UTC(2026, 0, 1));

describe("a run of the scan workflow", () => {
  test.each(["requested", "in_progress", "completed", "an_action_of_tomorrow"])(
    "that is %s asks to look at the commit that it scans, which is not the one that the workflow is of",
    (action) => {
      expect(mapped({}, action)).toMatchObject({ keys: [`scan/7/42/${SCANNED}`], intents: [], owner: "acme" });
    },
  );

  test("is known by its file, whatever ref GitHub puts behind it", () => {
    expect(mapped({ path: ".github/workflows/hms-scan.yml@refs/heads/main" })?.keys).toEqual([`scan/7/42/${SCANNED}`]);
  });

  test.each([
    ["another workflow", { path: ".github/workflows/ci.yml" }],
    ["a file of that name elsewhere", { path: "docs/.github/workflows/hms-scan.yml" }],
    ["a longer title", { display_title: `${TITLE} more` }],
    ["a title of before", { display_title: "hms-scan" }],
    ["a short commit", { display_title: TITLE.replace(SCANNED, "b".repeat(7)) }],
    ["a kind that is none", { display_title: TITLE.replace("sast", "../sast") }],
    ["no title", { display_title: null }],
    ["no path", { path: undefined }],
  ])("is none of ours with %s", (_name, more) => {
    expect(mapped(more)).toBeUndefined();
  });
});
