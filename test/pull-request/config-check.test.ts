import { describe, expect, test } from "vitest";
import { effectiveConfig } from "../../src/config/effective.ts";
import { configCheck } from "../../src/pull-request/config-check.ts";

const SHA = "a".repeat(40);
const ENFORCED = "version: 1\norganisation:\n  enforce: [gate.approvals.count]\ngate:\n  approvals: { count: 1 }\n";
const WEAKER = "version: 1\ngate:\n  approvals: { count: 0 }\n";
const STRICTER = "version: 1\ngate:\n  approvals: { count: 2 }\n";
const inForce = effectiveConfig(undefined, undefined, "repository");
const broken = effectiveConfig(undefined, "version: 2\n", "repository");

const conclusion = (check: ReturnType<typeof configCheck>) =>
  check?.state.status === "completed" ? check.state.conclusion : check?.state.status;

test("nothing proposed: silent while what is in force is valid, and else its failure", () => {
  expect(configCheck(SHA, inForce, undefined)).toBeUndefined();
  expect(configCheck(SHA, broken, undefined)?.title).toContain("on the default branch");
});

describe("in the organisation's own repository", () => {
  const basis = { organisationYml: undefined, scope: "organisation" } as const;

  test("`organisation` is valid", () => {
    expect(configCheck(SHA, inForce, ENFORCED, basis)).toMatchObject({ title: "hms.yml is valid" });
  });

  test("a mistake is annotated at its line", () => {
    const check = configCheck(SHA, inForce, "version: 1\norganisation:\n  enforce: [gate.moed]\n", basis);
    expect(conclusion(check)).toBe("failure");
    expect(check?.annotations).toMatchObject([{ start_line: 3 }]);
  });
});

describe("in a repository of an organisation that enforces a key", () => {
  const basis = { organisationYml: ENFORCED, scope: "repository" } as const;

  test("a text that weakens it is broken, and the key is named", () => {
    const check = configCheck(SHA, inForce, WEAKER, basis);
    expect(conclusion(check)).toBe("failure");
    expect(check?.title).toBe("Broken configuration: 1 problem in this pull request's hms.yml");
    expect(check?.summary).toContain("gate.approvals.count");
    expect(check?.annotations).toBeUndefined();
  });

  test("a stricter one is valid, also as the repair of one that weakens", () => {
    expect(conclusion(configCheck(SHA, inForce, STRICTER, basis))).toBe("success");
    const weakened = effectiveConfig(ENFORCED, WEAKER, "repository");
    expect(configCheck(SHA, weakened, STRICTER, basis)?.summary).toContain("repairs");
  });

  test("`organisation` is not taken", () => {
    expect(conclusion(configCheck(SHA, inForce, ENFORCED, basis))).toBe("failure");
  });
});

test("a valid text under a broken organisation's file: nothing is valid before that is repaired", () => {
  const basis = { organisationYml: "version: 2\n", scope: "repository" } as const;
  const check = configCheck(SHA, effectiveConfig("version: 2\n", undefined, "repository"), STRICTER, basis);
  expect(conclusion(check)).toBe("failure");
  expect(check?.title).toContain("the organisation's .github repository on the default branch");
});
