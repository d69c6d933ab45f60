import fc from "fast-check";
import { describe, expect, test, vi } from "vitest";
import {
  agentFiles,
  agentsSarif,
  findingsOf,
  lintAgents,
  lintAgentsApart,
  lintFile,
  lintText,
  planText,
} from "../../src/agents/lint.ts";
import { compareWithBaseline } from "../../src/scan/baseline.ts";
import { cleanSystem, FLAT, filesOf, NESTED } from "./system.ts";

vi.setConfig({ testTimeout: 60_000 });

const rulesOf = (path: string, text: string) =>
  lintAgents([{ path, text }], new Set([path])).findings.map(({ rule }) => rule);
const printed = (text: string, path = "startup.yaml") => {
  const lint = lintAgents([{ path, text }], new Set([path]));
  return { lint, all: [lintText(lint), planText(lint), JSON.stringify(agentsSarif(lint))] };
};

const PATHS = ["startup.yaml", "startup.json", "a/.env.discovery", "agents/a.py", "agents/x.yaml"] as const;
const PIECES = [
  "agent_groups:",
  "pc2_services:",
  "global_settings:",
  "\n",
  "  ",
  "- ",
  "&a ",
  "*a",
  "<<: *a",
  "{",
  "}",
  "[",
  "]",
  ":",
  '"',
  "'",
  "'''",
  "#",
  "class ",
  "A(",
  "BaseAgent",
  "password",
  "=",
  "://",
  "@",
  "\t",
  "port: ",
  "5000",
  "dependencies: [A]",
  "\u0000",
  "\ud800",
  "\u2028",
  "$" + "{X}",
  "!!x ",
  "---\n",
  "AGENT_NAME=",
  "\\",
  "__proto__: ",
];

test("any text in any file: never throws, and every result can be printed", () => {
  const texts = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.array(fc.constantFrom(...PIECES), { maxLength: 60 }).map((pieces) => pieces.join("")),
  );
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.constantFrom(...PATHS), texts), { maxLength: 4 }), (pairs) => {
      const files = pairs.map(([path, text]) => ({ path, text }));
      const lint = lintAgents(files, new Set(["agents/a.py"]));
      for (const text of [lintText(lint), planText(lint), JSON.stringify(agentsSarif(lint))])
        expect(text).toBeTypeOf("string");
      for (const { line, column, path } of lint.findings) {
        const text = files.filter((file) => file.path === path).map((file) => file.text.split("\n").length);
        expect(line).toBeGreaterThan(0);
        expect(column).toBeGreaterThan(0);
        expect(line).toBeLessThanOrEqual(Math.max(1, ...text) + 1);
      }
      expect(findingsOf(lint, "a".repeat(40))).toHaveLength(lint.findings.length);
    }),
    { numRuns: 100 },
  );
});

describe("a file that is not looked at does not pass", () => {
  const laughs = Array.from(
    { length: 9 },
    (_, at) => `k${at + 1}: &k${at + 1} [${Array(9).fill(`*k${at}`).join(", ")}]`,
  );
  test.each<[string, string, string]>([
    ["too large", "startup.yaml", "#".repeat(300 * 1024)],
    ["a source that is too large", "agents/a.py", "#".repeat(1_100 * 1024)],
    ["UTF-16", "startup.yaml", "a\0:\0"],
    ["brackets without end", "startup.yaml", "[".repeat(200_000)],
    ["JSON nested deep", "startup.json", `${"[".repeat(100_000)}${"]".repeat(100_000)}`],
    ["indented deep", "startup.yaml", Array.from({ length: 600 }, (_, at) => `${" ".repeat(at)}a:`).join("\n")],
    [
      "aliases that multiply",
      "startup.yaml",
      ["k0: &k0 [x, x, x, x, x, x, x, x, x]", ...laughs, "agent_groups: *k9"].join("\n"),
    ],
    ["many aliases", "startup.yaml", `a: &a [x]\nagent_groups: [${Array(1_100).fill("*a").join(", ")}]`],
    ["an alias of itself", "startup.yaml", "agent_groups: &a\n  x: *a\n"],
  ])("%s", (_title, path, text) => {
    expect(rulesOf(path, text)).toEqual(["agents/unread"]);
  });

  test("not UTF-8, while a character that stands for what could not be read is none", () => {
    const read = (path: string, bytes: Uint8Array) =>
      lintAgents([lintFile(path, bytes)], new Set()).findings.map(({ rule }) => rule);
    expect(read("startup.yaml", Buffer.from("# caf\xe9\n", "latin1"))).toEqual(["agents/unread"]);
    expect(read("agents/a.py", Buffer.from("# \ufffd\n"))).toEqual([]);
    expect(read("agents/a.py", Buffer.from("# \u00e9").subarray(0, 3))).toEqual(["agents/unread"]);
  });

  test("data that is too large for an agents' configuration is no finding but told; a configuration is one", () => {
    const large = (text: string) => {
      const files = [{ path: "agents/tokens.json", text: `${text}${" ".repeat(1_100 * 1024)}` }];
      const { findings, notes } = lintAgents(files, new Set());
      return { rules: findings.map(({ rule }) => rule), notes };
    };
    expect(large("{}")).toEqual({ rules: [], notes: [expect.stringContaining("log files: agents/tokens.json.")] });
    expect(large('{ "global_settings": {} }')).toEqual({ rules: ["agents/unread"], notes: [] });
  });

  test("what could not be read, with the reason", () => {
    const { findings } = lintAgents([{ path: "startup.yaml", unread: { why: "it is a link" } }], new Set());
    expect(findings.map(({ message }) => message)).toEqual(["startup.yaml was not looked at: it is a link."]);
  });

  test("beyond the number of files", () => {
    const files = Array.from({ length: 5_003 }, (_, at) => ({ path: `agents/m${at}.py`, text: "" }));
    const { findings } = lintAgents(files, new Set());
    expect(findings.map(({ message }) => message)).toEqual([
      "3 files from agents/m5000.py on were not looked at: the limit is 5000 files and 16 MB.",
    ]);
  });

  test("a byte order mark is no flaw", () => {
    const tree = cleanSystem();
    for (const [path, text] of tree) tree.set(path, `\ufeff${text}`);
    expect(lintAgents(filesOf(tree), new Set(tree.keys())).findings).toEqual([]);
  });
});

test("thousands of flaws are cut to some, and the rest is counted", () => {
  const agents = Array.from(
    { length: 2_000 },
    (_, at) => `- {name: A${at}, script_path: x, port: 5000, health_check_port: 5000}`,
  );
  const { findings, plan } = lintAgents(
    [{ path: "startup.yaml", text: `global_settings: {}\npc2_services:\n${agents.join("\n")}` }],
    new Set(),
  );
  expect(findings.filter(({ message }) => message.includes("further")).map(({ message }) => message)).toEqual(
    [
      "1900 further findings of this kind in this file are not listed, from startup.yaml line 103 on.",
      "3899 further findings of this kind in this file are not listed, from startup.yaml line 53 on.",
    ].sort((a) => (a.startsWith("3899") ? -1 : 1)),
  );
  expect(plan.tasks).toHaveLength(2);
});

describe("what is cut away", () => {
  const doubled = (count: number) =>
    Array.from({ length: count }, (_, at) => `- {name: A${at}, script_path: x, port: 5000, health_check_port: ${at}}`);
  const further = (count: number) =>
    lintAgents(
      [{ path: "startup.yaml", text: `global_settings: {}\npc2_services:\n${doubled(count).join("\n")}` }],
      new Set(["x"]),
    ).findings.find(({ rule, message }) => rule === "agents/port-conflict" && message.includes("further"))?.fingerprint;

  test("is another finding when there is more of it, so that what is new is not taken for old", () => {
    expect(further(150)).toBe(further(150));
    expect(further(150)).not.toBe(further(151));
  });

  test("is never worse than what is told", () => {
    const sources = Array.from({ length: 25 }, (_, file) => ({
      path: `agents/m${file}.py`,
      text: "logging.FileHandler('x')\n".repeat(100),
    }));
    const secret = { path: "agents/z.py", text: "password = 'hunter2'\n" };
    const { findings } = lintAgents([...sources, secret], new Set());
    expect(findings).toHaveLength(2_001);
    expect(findings.filter(({ severity }) => severity === "critical").map(({ path }) => path)).toEqual(["agents/z.py"]);
  });
});

test("names of others turn into no markup, no mention and no control sequence", () => {
  const name = "@octocat <img src=x> [a](javascript:x) `b` \\u001b[31m";
  const text = `global_settings: {}\npc2_services:\n- {name: ${JSON.stringify(name).replaceAll("\\\\u", "\\u")}, script_path: "no\`pe.py", port: 1, health_check_port: 2}`;
  const { lint, all } = printed(text);
  expect(lint.findings.length).toBeGreaterThan(2);
  expect(all[0]).not.toContain("\u001b");
  const outsideOfCode = (all[1] ?? "").replaceAll(/`[^`\n]*`/g, "");
  expect(outsideOfCode).toContain("octocat");
  expect(outsideOfCode).not.toMatch(/(?<!\\)<img|(?<!\\)\]\(javascript|@octocat/);
});

test("a path of a file is data, too", () => {
  const { all } = printed("a: [", "agents/startup `x` | <b>\u202e.yaml");
  expect(all[1]).not.toMatch(/\u202e|(?<!\\)<b>(?![^`\n]*`)/);
  expect(JSON.parse(all[2] ?? "").runs[0].results[0].locations[0].physicalLocation.artifactLocation.uri).toMatch(
    /^agents\/startup%20%60x/,
  );
});

test("fingerprints stay when lines, order and formatting change, and differ between agents", () => {
  const agent = (name: string) => `{name: ${name}, script_path: x${name}, port: 80, health_check_port: 81, zz: 1}`;
  const prints = (text: string) =>
    lintAgents([{ path: "startup.yaml", text }], new Set())
      .findings.map(({ fingerprint }) => fingerprint)
      .sort();
  const before = prints(`global_settings: {}\npc2_services:\n- ${agent("A")}\n- ${agent("B")}\n`);
  const after = prints(
    `# moved\n\npc2_services:\n\n- ${agent("B").replaceAll(", ", ",\n   ")}\n- ${agent("A")}\nglobal_settings: {}\n`,
  );
  expect(new Set(before).size).toBe(before.length);
  expect(after).toEqual(before);
});

test("a file that is renamed brings nothing new", () => {
  const text =
    "global_settings: {}\npc2_services:\n- {name: A, script_path: x, port: 80, health_check_port: 80, zz: 1}\n";
  const findings = (path: string) => findingsOf(lintAgents([{ path, text }], new Set()), "a".repeat(40));
  const renames = new Map([["startup.yaml", "new/startup.yaml"]]);
  const { findings: compared, fixed } = compareWithBaseline(
    findings("new/startup.yaml"),
    findings("startup.yaml"),
    renames,
  );
  expect(compared.map(({ baseline }) => baseline)).toEqual(Array(5).fill("unchanged"));
  expect(fixed).toEqual([]);
});

describe("which files are read", () => {
  const paths = [
    NESTED,
    FLAT,
    "agents/a/.env.discovery",
    "src/a.py",
    "src/a.ts",
    "package.json",
    "node_modules/a/agents/b.py",
    ".env",
    "README.md",
  ];
  test("all that may matter, or those of the patterns", () => {
    expect(agentFiles([...paths].reverse(), [])).toEqual([FLAT, NESTED, "agents/a/.env.discovery", "src/a.py"]);
    expect(agentFiles(paths, ["pc2_code/**", "agents/"])).toEqual([FLAT, "agents/a/.env.discovery"]);
    expect(agentFiles(paths, ["!src/**"])).toEqual([]);
  });
  test("scripts outside of them are told", () => {
    const tree = cleanSystem();
    const { findings, notes } = lintAgents([{ path: FLAT, text: tree.get(FLAT) ?? "" }], new Set(tree.keys()));
    expect({ findings, notes }).toEqual({
      findings: [],
      notes: [expect.stringContaining("33 scripts of agents lie outside")],
    });
  });
});

describe("in a thread of its own", () => {
  const files = filesOf(cleanSystem());
  const known = new Set(files.map(({ path }) => path));
  test("the same result", async () => {
    expect(await lintAgentsApart(files, known)).toEqual({ ok: true, lint: lintAgents(files, known) });
  });
  test.each([
    ["late", "setInterval(() => {}, 1000)", { timeoutMs: 300 }, "it took longer than 0.3 s"],
    ["failing", "throw new Error('no')", {}, "its thread failed"],
    ["silent", "process.exit(0)", {}, "its thread ended without an answer"],
  ])("a %s one is no answer", async (_what, code, options, why) => {
    const program = new URL(`data:text/javascript,${encodeURIComponent(code)}`);
    expect(await lintAgentsApart(files, known, { ...options, program })).toEqual({ ok: false, why });
  });
});
