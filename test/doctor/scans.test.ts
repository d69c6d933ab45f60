import { describe, expect, test } from "vitest";
import { DEFAULTS } from "../../src/config/schema.ts";
import { diagnose } from "../../src/doctor/diagnose.ts";
import type { RepositoryFacts, ScanFacts } from "../../src/doctor/facts.ts";
import { factsOf, known, notKnown, REPOSITORY } from "./facts-of.ts";

const GOOD: ScanFacts = {
  text: known("on: workflow_dispatch"),
  comparison: known({ differences: [], unpinned: [] }),
  state: known("active"),
  environment: known(["main"]),
};
const told = (scans: Partial<ScanFacts> | undefined) => {
  const repository: RepositoryFacts =
    scans === undefined ? REPOSITORY : { ...REPOSITORY, scans: { ...GOOD, ...scans } };
  return diagnose(factsOf({ repositories: [repository] })).filter(({ code }) => code.startsWith("scan-"));
};
const levels = (scans: Partial<ScanFacts> | undefined) => told(scans).map(({ level, code }) => `${level} ${code}`);

describe("the scan workflow", () => {
  test.each<[string, Partial<ScanFacts>, string[]]>([
    ["all is well", {}, ["ok scan-workflow", "ok scan-environment"]],
    ["it is not there", { text: known(undefined) }, ["fail scan-workflow"]],
    ["it cannot be read", { text: notKnown("503") }, ["unknown scan-workflow"]],
    ["it is disabled", { state: known("disabled_manually") }, ["fail scan-workflow", "ok scan-environment"]],
    ["GitHub does not know it", { state: known(undefined) }, ["fail scan-workflow", "ok scan-environment"]],
    ["its state is not told", { state: notKnown("403") }, ["unknown scan-workflow", "ok scan-environment"]],
    [
      "it differs",
      { comparison: known({ differences: ["permissions"], unpinned: [] }) },
      ["ok scan-workflow", "warn scan-workflow-changed", "ok scan-environment"],
    ],
    [
      "an action has no commit",
      { comparison: known({ differences: [], unpinned: ["a/b@v1"] }) },
      ["ok scan-workflow", "warn scan-workflow-changed", "ok scan-environment"],
    ],
    [
      "it is no YAML",
      { comparison: known({ unreadable: "a tab" }) },
      ["ok scan-workflow", "warn scan-workflow-changed", "ok scan-environment"],
    ],
    [
      "this installation has no workflow to compare with",
      { comparison: notKnown("ENOENT") },
      ["ok scan-workflow", "warn scan-workflow-changed", "ok scan-environment"],
    ],
    ["any branch may report", { environment: known("all") }, ["ok scan-workflow", "warn scan-environment"]],
    ["protected ones may", { environment: known("protected") }, ["ok scan-workflow", "warn scan-environment"]],
    ["another one may", { environment: known(["main", "release/*"]) }, ["ok scan-workflow", "warn scan-environment"]],
    ["none may", { environment: known([]) }, ["ok scan-workflow", "warn scan-environment"]],
    ["there is no environment", { environment: known(undefined) }, ["ok scan-workflow", "warn scan-environment"]],
    ["it is not told", { environment: notKnown("403") }, ["ok scan-workflow", "unknown scan-environment"]],
  ])("where %s", (_name, scans, expected) => {
    expect(levels(scans)).toEqual(expected);
  });

  test("is not spoken of where hms.yml asks for no scan in it", () => {
    expect(levels(undefined)).toEqual([]);
    expect(DEFAULTS.scan.dispatched).toEqual({});
  });

  test("is told of without what a contributor could do to a terminal", () => {
    const [changed] = told({ comparison: known({ differences: ["jobs.\u001b[2J"], unpinned: [] }) }).slice(1);
    expect(changed?.what).toBe(
      ".github/workflows/hms-scan.yml is not as this version ships it: it differs at jobs.?[2J",
    );
  });
});
