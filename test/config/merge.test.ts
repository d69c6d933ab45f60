import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseHmsYml } from "../../src/config/hms-yml.ts";
import { mergeConfig } from "../../src/config/merge.ts";
import { DEFAULTS, ENFORCEABLE, type HmsConfig, type HmsFile, PERMISSIONS } from "../../src/config/schema.ts";

function file(text: string): HmsFile {
  const result = parseHmsYml(`version: 1\n${text}`, { scope: "organisation" });
  if (!result.ok) throw new Error(JSON.stringify(result.problems));
  return result.config;
}

test("no file: the defaults; the secret scan is required and nothing can be overridden", () => {
  expect(mergeConfig(undefined, undefined)).toEqual({ ok: true, config: DEFAULTS });
  expect(DEFAULTS.scan.secrets.required).toBe(true);
  expect(DEFAULTS.gate.overrides).toEqual([]);
});

test("the repository's value goes over the organisation's, key by key", () => {
  const organisation = file(
    "gate: { mode: shadow, approvals: { count: 2 }, overrides: [{ rule: a, permission: admin }] }",
  );
  const repository = file("gate: { mode: enforce, overrides: [{ rule: b, permission: write }] }");
  expect(mergeConfig(organisation, repository)).toMatchObject({
    ok: true,
    config: { gate: { mode: "enforce", approvals: { count: 2 }, overrides: [{ rule: "b", permission: "write" }] } },
  });
});

describe("enforced keys", () => {
  const enforced = `organisation: { enforce: [${ENFORCEABLE.join(", ")}] }
scan: { secrets: { limits: { file_size_mb: 10 } } }
gate: { approvals: { count: 1, bots: [{ app: renovate, count: 2 }] }, overrides: [{ rule: a, permission: maintain }] }`;
  test.each([
    ["gate: { mode: shadow }", "gate.mode", "it must stay `enforce`"],
    ["gate: { approvals: { count: 0 } }", "gate.approvals.count", "it must be 1 or more"],
    ["scan: { secrets: { required: false } }", "scan.secrets.required", "it must stay `true`"],
    [
      "scan: { secrets: { limits: { file_size_mb: 9 } } }",
      "scan.secrets.limits",
      "no limit may be below 10 MB for a file and 50 MB for a commit",
    ],
    ["gate: { overrides: [{ rule: b, permission: admin }] }", "gate.overrides", "`b` may not be overridden"],
    [
      "gate: { overrides: [{ rule: a, permission: write }] }",
      "gate.overrides",
      "`a` may be overridden with the permission `maintain` at least",
    ],
  ])("%s is weaker", (text, path, why) => {
    expect(mergeConfig(file(enforced), file(text))).toEqual({
      ok: false,
      problems: [{ path, message: `the organisation enforces \`${path}\`: ${why}` }],
    });
  });

  test.each([
    "gate: { approvals: { count: 3 } }",
    "gate: { overrides: [] }",
    "gate: { overrides: [{ rule: a, permission: admin }] }",
    "scan: { secrets: { limits: { commit_size_mb: 60 } } }",
  ])("%s is not", (text) => {
    expect(mergeConfig(file(enforced), file(text)).ok).toBe(true);
  });

  test.each([
    ["an App needs fewer", "{ bots: [{ app: renovate, count: 2 }, { app: dependabot, count: 0 }] }", "dependabot"],
    ["an App's higher number is gone", "{ bots: [] }", "renovate"],
  ])("%s", (_, approvals, app) => {
    const merged = mergeConfig(file(enforced), file(`gate: { approvals: ${approvals} }`));
    expect(merged).toMatchObject({
      ok: false,
      problems: [{ path: "gate.approvals.count" }, { path: "gate.approvals.bots" }],
    });
    expect(JSON.stringify(merged)).toContain(`\`${app}\``);
  });

  describe("rules for paths", () => {
    const ours = "paths: [{ paths: [/infra/], teams: [acme/sre, acme/ops], count: 2 }]";
    const organisation = file(
      `organisation: { enforce: [gate.approvals.paths, gate.approvals.code_owners, gate.approvals.carry] }
gate: { approvals: { ${ours}, code_owners: true, carry: never } }`,
    );
    test.each([
      ["", true],
      [`${ours}`, true],
      ["paths: [{ paths: ['*.tf', /infra/], teams: [Acme/SRE], count: 3 }, { paths: [x], users: [ada] }]", true],
      ["code_owners: true, carry: never", true],
      ["paths: []", false],
      ["paths: [{ paths: [/infra/], teams: [acme/sre, acme/ops], count: 1 }]", false],
      ["paths: [{ paths: ['*.tf'], teams: [acme/sre], count: 2 }]", false],
      ["paths: [{ paths: [/infra/], teams: [acme/sre], users: [ada], count: 2 }]", false],
      ["code_owners: false", false],
      ["carry: content-neutral", false],
    ])("{ %s } is taken: %s", (approvals, ok) => {
      expect(mergeConfig(organisation, file(`gate: { approvals: { ${approvals} } }`)).ok).toBe(ok);
    });
  });

  test("one enforced key leaves the others free", () => {
    const organisation = file("organisation: { enforce: [gate.mode] }\ngate: { approvals: { count: 2 } }");
    expect(mergeConfig(organisation, file("gate: { approvals: { count: 0 } }")).ok).toBe(true);
  });

  const anyFile: fc.Arbitrary<HmsFile> = fc.record({
    version: fc.constant(1 as const),
    gate: fc.record(
      {
        mode: fc.constantFrom("enforce" as const, "shadow" as const),
        approvals: fc.record(
          {
            count: fc.nat(3),
            bots: fc.array(fc.record({ app: fc.constantFrom("a", "b"), count: fc.nat(3) }), { maxLength: 3 }),
          },
          { requiredKeys: ["count"] },
        ),
        overrides: fc.uniqueArray(
          fc.record({ rule: fc.constantFrom("a", "b", "c"), permission: fc.constantFrom(...PERMISSIONS) }),
          {
            selector: (entry) => entry.rule,
          },
        ),
      },
      { requiredKeys: [] },
    ),
    scan: fc.record({ secrets: fc.record({ required: fc.boolean() }, { requiredKeys: [] }) }, { requiredKeys: [] }),
  });

  test("whatever the repository writes: refused, or as strict as without it", () => {
    fc.assert(
      fc.property(anyFile, anyFile, (ours, theirs) => {
        const organisation = { ...ours, organisation: { enforce: [...ENFORCEABLE] } };
        const base = mergeConfig(organisation, undefined);
        const merged = mergeConfig(organisation, theirs);
        if (!base.ok) throw new Error("the organisation's file weakens itself");
        if (!merged.ok) return;
        if (base.config.gate.mode === "enforce") expect(merged.config.gate.mode).toBe("enforce");
        if (base.config.scan.secrets.required) expect(merged.config.scan.secrets.required).toBe(true);
        expect(merged.config.gate.approvals.count).toBeGreaterThanOrEqual(base.config.gate.approvals.count);
        const needed = ({ gate: { approvals } }: HmsConfig, app: string) => {
          const own = approvals.bots.filter((one) => one.app === app).map(({ count }) => count);
          return own.length === 0 ? approvals.count : Math.max(...own);
        };
        for (const app of ["a", "b"])
          expect(needed(merged.config, app)).toBeGreaterThanOrEqual(needed(base.config, app));
        for (const { rule, permission } of merged.config.gate.overrides) {
          const allowed = base.config.gate.overrides.find((entry) => entry.rule === rule);
          expect(allowed).toBeDefined();
          expect(PERMISSIONS.indexOf(permission)).toBeGreaterThanOrEqual(
            PERMISSIONS.indexOf(allowed?.permission ?? "admin"),
          );
        }
      }),
    );
  });
});
