import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { checkConfigFile } from "../../src/config/check-file.ts";
import { parseHmsYml } from "../../src/config/hms-yml.ts";
import { hmsJsonSchema } from "../../src/config/json-schema.ts";
import { ENFORCEABLE } from "../../src/config/schema.ts";
import { cpuMs } from "../stage/cpu-time.ts";

const FULL = `version: 1
scan:
  secrets:
    tool: secretlint
    required: true
    limits: { file_size_mb: 5, commit_size_mb: 50 }
gate:
  mode: shadow
  approvals: { count: 2, code_owners: false }
  overrides:
    - { rule: no-critical-findings, permission: admin }
`;

function problems(text: string): string[] {
  const result = parseHmsYml(text);
  return result.ok ? [] : result.problems.map(({ line, column, message }) => `${line}:${column} ${message}`);
}

test("a file with every key", () => {
  expect(parseHmsYml(FULL)).toMatchObject({ ok: true, config: { gate: { mode: "shadow", approvals: { count: 2 } } } });
});

describe("mistakes, each with its place", () => {
  test.each([
    ["", "1:1 the file is empty; it needs at least `version: 1`"],
    ["# nothing\n", "1:1 the file is empty; it needs at least `version: 1`"],
    ["null", "1:1 the file is empty; it needs at least `version: 1`"],
    ["[1]", "1:1 the file must be a map of keys, not a list"],
    ["gate: {}", "1:1 `version` is missing; write `version: 1`"],
    ["version: 2", "1:10 `version` must be `1`, not `2`"],
    ["version: '1'", "1:10 `version` must be `1`, not the text `1`"],
    ["version: 1\ngate:\n", "2:1 `gate` must be a map of keys, not empty"],
    ["version: 1\ngate:\n  mod: shadow", "3:3 unknown key `mod` under `gate`; did you mean `mode`?"],
    [
      "version: 1\nxyzzy: 1",
      "2:1 unknown key `xyzzy` at the top; known here: version, scan, gate, preview, organisation",
    ],
    ["version: 1\npromotion: {}", "2:1 this version does not know `promotion` at the top yet"],
    ["version: 1\ngate:\n  merge_queue: {}", "3:3 this version does not know `merge_queue` under `gate` yet"],
    [
      "version: 1\nscan: { secrets: { tool: gitleaks } }",
      "2:26 `scan.secrets.tool` must be `secretlint`, not the text `gitleaks`",
    ],
    [
      "version: 1\ngate: { approvals: { count: 1.5 } }",
      "2:29 `gate.approvals.count` must be a whole number, not `1.5`",
    ],
    ["version: 1\ngate: { approvals: { count: -1 } }", "2:29 `gate.approvals.count` must be 0 or more, not `-1`"],
    ["version: 1\ngate: { approvals: { count: 99 } }", "2:29 `gate.approvals.count` must be 20 or less, not `99`"],
    [
      "version: 1\ngate: { approvals: { paths: [{ paths: ['!infra/'], teams: [acme/sre] }] } }",
      "2:40 `gate.approvals.paths.0.paths.0`: this is no pattern that can be read: no `!`, no `[…]`, and `\\` only before a blank",
    ],
    [
      "version: 1\ngate: { approvals: { paths: [{ paths: [infra/] }] } }",
      "2:30 `gate.approvals.paths.0`: a rule for paths names at least one of `teams` and `users`",
    ],
    [
      "version: 1\nscan: { sast: { old_debt: 30 } }",
      "2:27 `scan.sast.old_debt`: this is neither `ignore` nor `block` nor a time from `1m` to `365d`",
    ],
    ["version: 1\ngate: { mode: yes }", "2:15 `gate.mode` must be `enforce` or `shadow`, not the text `yes`"],
    [
      "version: 1\nscan: { secrets: { required: yes } }",
      "2:30 `scan.secrets.required` must be `true` or `false`, not the text `yes`",
    ],
    ["version: 1\ngate: { overrides: [{ rule: a }] }", "2:21 `gate.overrides.0.permission` is missing"],
    [
      "version: 1\ngate:\n  overrides:\n    - { rule: a, permission: admin }\n    - { rule: a, permission: write }",
      "5:15 the rule `a` is listed twice",
    ],
    [
      "version: 1\norganisation: { enforce: [gate.mode] }",
      "2:15 `organisation` is only taken in the organisation's own file",
    ],
    ["version: 1\nversion: 1", "2:1 this key is given twice"],
    ["a: &x 1\nb: *x", "1:7 anchors and aliases are not taken; write the value out"],
    [
      "version: 1\n<<: { gate: {} }",
      "2:1 unknown key `<<` at the top; known here: version, scan, gate, preview, organisation",
    ],
    ["---\nversion: 1\n---\nversion: 1", "3:1 the file holds more than one YAML document"],
    ["version: 1\ngate:\n\tmode: shadow", "3:1 Tabs are not allowed as indentation"],
    ["version: !!binary 1", "1:19 tags such as `!!set` are not taken"],
    ["version: !js/function 1", "1:10 Unresolved tag: !js/function"],
    [
      "version: 1\n__proto__: { polluted: true }",
      "2:1 unknown key `__proto__` at the top; known here: version, scan, gate, preview, organisation",
    ],
    ["[".repeat(1000), "1:1 the file is nested more than 50 deep"],
    [`# ${"x".repeat(256 * 1024)}`, "1:1 the file is larger than 256 KB"],
  ])("%j", (text, problem) => {
    expect(problems(text)[0]).toBe(problem);
  });

  test("all at once, fifty at most", () => {
    expect(problems("version: 2\ngate: { mode: x, overrides: 1 }\nwhat: 1")).toHaveLength(4);
    expect(problems(Array.from({ length: 80 }, (_, at) => `k${at}: 1`).join("\n"))).toHaveLength(50);
  });

  test("a place after CRLF and wide characters", () => {
    expect(problems('version: 1\r\n# äöü😀\r\nscan: { "secrets": { "tool": "ä😀", required: 1 } }')[1]).toBe(
      "3:47 `scan.secrets.required` must be `true` or `false`, not `1`",
    );
  });
});

test("the organisation's file may enforce", () => {
  const text = `version: 1\norganisation: { enforce: [${ENFORCEABLE.join(", ")}] }`;
  expect(parseHmsYml(text, { scope: "organisation" }).ok).toBe(true);
  expect(parseHmsYml("version: 1\norganisation: { enforce: [scan.secrets.tool] }", { scope: "organisation" }).ok).toBe(
    false,
  );
});

describe("any text is valid or has a problem within it", () => {
  const token = fc.constantFrom(
    ..."version: 1|gate:|scan:|secrets:|mode:| shadow|approvals:|count:|overrides:|rule:|permission:|organisation:|enforce:".split(
      "|",
    ),
    ...[
      "\n",
      "\n  ",
      "\n    - ",
      "{",
      "}",
      "[",
      "]",
      ", ",
      ": ",
      "- ",
      "? ",
      "&a ",
      "*a",
      "!!str ",
      "'",
      '"',
      "|",
      ">",
      "\t",
      "#",
      "---\n",
      "...\n",
    ],
    ...[
      "%YAML 1.1\n",
      "<<",
      "\u0000",
      "\ufeff",
      "\r\n",
      "é",
      "😀",
      "null",
      "~",
      "1e999",
      "0x1",
      ".nan",
      "__proto__",
      "constructor",
    ],
  );
  const text = fc.oneof(
    { weight: 4, arbitrary: fc.array(token, { maxLength: 40 }).map((parts) => parts.join("")) },
    { weight: 2, arbitrary: fc.array(token, { maxLength: 10 }).map((parts) => FULL + parts.join("")) },
    {
      weight: 2,
      arbitrary: fc
        .tuple(fc.nat(FULL.length), fc.string(), fc.nat(9))
        .map(([at, put, drop]) => FULL.slice(0, at) + put + FULL.slice(at + drop)),
    },
    fc.string({ unit: "binary" }),
    fc.json(),
  );

  test("never throws", () => {
    fc.assert(
      fc.property(text, fc.constantFrom("repository" as const, "organisation" as const), (written, scope) => {
        const result = parseHmsYml(written, { scope });
        if (result.ok) return;
        expect(result.problems.length).toBeGreaterThan(0);
        const lines = written.split("\n");
        for (const { line, column, message } of result.problems) {
          expect(message).not.toBe("");
          expect(line).toBeGreaterThanOrEqual(1);
          expect(line).toBeLessThanOrEqual(lines.length);
          expect(column).toBeGreaterThanOrEqual(1);
          expect(column).toBeLessThanOrEqual((lines[line - 1]?.length ?? 0) + 2);
        }
      }),
      { numRuns: 3000 },
    );
  });

  test.each<[what: string, written: (many: number) => string]>([
    ["many keys", (many) => Array.from({ length: many / 8 }, (_, at) => `k${at}: 1\n`).join("")],
    ["one key many times", (many) => "a: 1\n".repeat(many / 4)],
    ["many entries", (many) => `version: 1\ngate: { overrides: [${"1,".repeat(many / 2)}] }`],
    ["many tags", (many) => "!a ".repeat(many / 2)],
  ])("%s: in linear time", (_name, written) => {
    const cost = (many: number): number => {
      const text = written(many);
      return cpuMs(() => expect(parseHmsYml(text).ok).toBe(false));
    };
    const [few, many] = [20_000, 160_000];
    const small = Math.min(cost(few), cost(few), cost(few));
    // Eight times as much; 64 times as long were it quadratic.
    expect(Math.min(cost(many), cost(many)) / small).toBeLessThan(32);
  });
});

test("hms config check: lines and exit codes", async () => {
  const directory = mkdtempSync(join(tmpdir(), "hms-config-"));
  const file = (name: string, content: string | Uint8Array) => {
    writeFileSync(join(directory, name), content);
    return join(directory, name);
  };
  expect(await checkConfigFile(file("good.yml", FULL))).toEqual({ lines: [], exitCode: 0 });
  const bad = file("bad.yml", "version: 1\ngate:\n  mod: shadow\n");
  expect(await checkConfigFile(bad)).toEqual({
    lines: [`${bad}:3:3: unknown key \`mod\` under \`gate\`; did you mean \`mode\`?`],
    exitCode: 1,
  });
  const many = await checkConfigFile(file("many.yml", "version: 1\nmore: 1\ngate:\n  mode: on\n"));
  expect(many.lines.map((line) => /:(\d+):/.exec(line)?.[1])).toEqual(["2", "4"]);
  const missing = join(directory, "none.yml");
  expect(await checkConfigFile(missing)).toEqual({ lines: [`${missing}: cannot be read (ENOENT)`], exitCode: 2 });
  const bytes = file("bytes.yml", new Uint8Array([0xff, 0x80]));
  expect(await checkConfigFile(bytes)).toEqual({ lines: [`${bytes}: cannot be read (not UTF-8 text)`], exitCode: 2 });
});

test("the JSON Schema is closed, described and asks for the version alone", () => {
  const schema = hmsJsonSchema("https://hms.acme.dev");
  expect(schema).toMatchObject({
    $schema: "https://json-schema.org/draft/2020-12/schema",
    $id: "https://hms.acme.dev/schema/hms.json",
    type: "object",
    required: ["version"],
    properties: { version: { const: 1 } },
  });
  const visit = (node: unknown, path: string): void => {
    if (typeof node !== "object" || node === null) return;
    const { type, properties, additionalProperties, items } = node as Record<string, unknown>;
    // A map whose keys people choose has a limit for its values instead.
    const map = path === ".preview.components[].helm" ? { type: "string", maxLength: 1_000 } : false;
    if (type === "object") expect([path, additionalProperties]).toEqual([path, map]);
    for (const [key, child] of Object.entries((properties as object) ?? {})) {
      expect([`${path}.${key}`, typeof (child as { description?: unknown }).description]).toEqual([
        `${path}.${key}`,
        "string",
      ]);
      visit(child, `${path}.${key}`);
    }
    visit(items, `${path}[]`);
  };
  visit(schema, "");
});
