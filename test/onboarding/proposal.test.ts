import { expect, test } from "vitest";
import { parseHmsYml } from "../../src/config/hms-yml.ts";
import { mergeConfig } from "../../src/config/merge.ts";
import { DEFAULTS } from "../../src/config/schema.ts";
import { type PastMerge, proposalText } from "../../src/onboarding/proposal-text.ts";
import { PROPOSED_FILE } from "../../src/onboarding/proposed-file.ts";

const merge = (number: number, change: Partial<PastMerge> = {}): PastMerge => ({
  number,
  title: `Change ${number}`,
  outcome: "allow",
  rules: [],
  ...change,
});
const text = (merges: PastMerge[]) => proposalText(merges, "https://hms.acme.dev");

test("the proposed file is valid and changes nothing but the mode", () => {
  const parsed = parseHmsYml(PROPOSED_FILE, { scope: "repository" });
  expect(parsed.ok && mergeConfig(undefined, parsed.config)).toEqual({
    ok: true,
    config: { ...DEFAULTS, gate: { ...DEFAULTS.gate, mode: "shadow" } },
  });
});

test("…and so it is with every example in it uncommented", () => {
  const uncommented = PROPOSED_FILE.replace(/^( *)# (?=(?: *(?:- )?[a-z_]+:(?: \S+)?$))/gm, "$1");
  expect(uncommented).toContain("\n  approvals:\n    count: 1\n");
  expect(parseHmsYml(uncommented, { scope: "repository" })).toMatchObject({ ok: true });
});

test("nothing was merged yet", () => {
  expect(text([])).toContain("Nothing was merged here by a pull request yet");
});

test("all would have been let through", () => {
  expect(text([merge(1), merge(2)])).toContain("let through all of your last 2 merges");
});

test("what would have been stopped, and by what", () => {
  const merges = [
    merge(3, { outcome: "deny", rules: ["no-critical-findings"] }),
    merge(2),
    merge(1, { outcome: "unknown" }),
  ];
  expect(text(merges)).toContain("stopped 2 of your last 3 merges");
  expect(text(merges)).toContain("| 3 | Change 3 | blocked | `no-critical-findings` |");
  expect(text(merges)).toContain("| 1 | Change 1 | not decided | – |");
});

test("a title stays text", () => {
  const shown = text([merge(1, { outcome: "deny", title: "@team <img src=x> | [x](https://evil.example) #1" })]);
  expect(shown).toContain(
    "| 1 | @\u200bteam \\<img src\\=x\\> \\| \\[x\\]\\(https:\u200b//evil.example\\) \\#\u200b1 |",
  );
});
