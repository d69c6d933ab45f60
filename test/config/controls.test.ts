import { mkdtempSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { policySources } from "../../scripts/policy-sources.ts";
import { type ControlMaps, controlsOf, loadControlMaps, readControlMap } from "../../src/config/controls.ts";
import { DISPATCHED_KINDS } from "../../src/model/scan-kind.ts";

const ROOT = join(import.meta.dirname, "../..");
const OWN = `version: 1
name: acme
title: Ours
source: Our catalogue.
controls: { CHG-1: Changes are reviewed, CHG-2: Changes can be undone }
rules: { approvals: [CHG-1] }
`;

function loaded(chosen: string[]): ControlMaps {
  const maps = loadControlMaps(chosen);
  if ("problems" in maps) throw new Error(maps.problems.join());
  return maps;
}

function ownFile(text: string): string {
  const path = join(mkdtempSync(join(tmpdir(), "hms-controls-")), "acme.yaml");
  writeFileSync(path, text);
  return path;
}

test("every rule of the default policy that can deny or wait stands in every map that comes with it", async () => {
  const sources = (await policySources(join(ROOT, "policies"))).map(({ bytes }) => bytes.toString()).join("\n");
  const named = [...sources.matchAll(/(?:deny|denials|waiting) contains \{\s*"rule": "([a-z-]+)"/g)].map(
    ([, rule = ""]) => rule,
  );
  const commands = [
    ...(await readFile(join(ROOT, "policies/command.rego"), "utf8")).matchAll(
      /^\t"([a-z-]+)": "(?:none|read|write)"/gm,
    ),
  ];
  expect(commands.length).toBeGreaterThan(5);
  const rules = new Set([
    ...named,
    ...commands.map(([, verb]) => `may-${verb}`),
    ...[...DISPATCHED_KINDS, "agents", "critical", "high"].map((kind) => `no-${kind}-findings`),
    "malformed-input",
    "code-owners",
    "path-approvals",
  ]);
  expect(rules.size).toBeGreaterThan(25);
  for (const map of loaded([]).all) expect([...rules].filter((rule) => !map.rules.get(rule)?.length)).toEqual([]);
});

test("maps say where their identifiers come from, and have gaps rather than none", () => {
  for (const { source, sourceUrl, controls, rules } of loaded([]).all) {
    expect(source).toContain("Identifiers: ");
    expect(sourceUrl).toMatch(/^https:\/\//);
    const covered = new Set([...rules.values()].flat());
    expect(controls.filter(({ id }) => !covered.has(id)).length).toBeGreaterThan(0);
  }
});

test("a rule's controls are those of all maps that were chosen", () => {
  const { chosen } = loaded(["hipaa", ownFile(OWN)]);
  expect(controlsOf(chosen, "approvals")).toEqual(["164.308(a)(3)(ii)(A)", "164.308(a)(4)(ii)(B)", "CHG-1"]);
  expect(controlsOf(chosen, "an-organisations-own")).toBeUndefined();
});

test.each([
  ["a control that is not listed", OWN.replace("[CHG-1]", "[CHG-9]"), /`CHG-9` is named by a rule/],
  ["a rule that is no rule", OWN.replace("approvals:", "Approvals!:"), /line 6/],
  ["an identifier with markup", OWN.replace("CHG-1: C", '"<b>": C'), /line 5/],
  ["an alias", OWN.replace("[CHG-1]", "&a [CHG-1]"), /anchors/],
  ["nothing", "", /empty/],
])("a map with %s is refused", (_what, text, problem) => {
  expect(readControlMap(text)).toEqual({ problems: [expect.stringMatching(problem)] });
});

test.each([
  [["soc2"], /must name maps out of fedramp-moderate, hipaa, or files/],
  [["./nowhere.yaml"], /cannot be read \(ENOENT\)/],
  [["/"], /cannot be read \(EISDIR\)/],
  [[ownFile("version: 2")], /names a map that cannot be used: line 1/],
])("%j is refused", (chosen, problem) => {
  expect(loadControlMaps(chosen)).toEqual({ problems: expect.arrayContaining([expect.stringMatching(problem)]) });
});
