import { expect, test } from "vitest";
import { gateContent } from "../../src/gate/gate.ts";

test("the line to paste can be pasted from the table too", () => {
  const sha = "0123456789abcdef0123456789abcdef01234567";
  const line = `/hms override no-critical-findings ${sha} <reason>`;
  const denial = { rule: "no-critical-findings", message: "1 finding.", remedy: `Fix *it*. Or comment: ${line}` };
  const verdict = { allow: false, deny: [{ ...denial, controls: [] }], waiting: [], warn: [] };
  const decision = { id: "dec_1", sha, bundleRevision: "sha256:1", inputDigest: "sha256:2", verdict };
  const { summary } = gateContent(sha, [{ number: 1, baseRef: "main", decision, overridable: [] }]);
  expect(summary).toContain(`Fix \\*it\\*. Or comment: \`${line}\` |`);
});
