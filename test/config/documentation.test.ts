import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { parseHmsYml } from "../../src/config/hms-yml.ts";
import { hmsJsonSchema } from "../../src/config/json-schema.ts";
import { mergeConfig } from "../../src/config/merge.ts";
import { DEFAULTS, ENFORCEABLE } from "../../src/config/schema.ts";
import { NOT_YET, VARIABLES } from "../../src/config/settings.ts";
import { DISPATCHED_KINDS } from "../../src/model/scan-kind.ts";
import { PREVIEW_TITLES } from "../../src/preview/preview.ts";

const document = readFileSync(new URL("../../docs/configuration.md", import.meta.url), "utf8");

interface SchemaNode {
  properties?: Record<string, SchemaNode>;
  items?: SchemaNode;
  default?: unknown;
}

function leaves(node: SchemaNode, path: string): { path: string; node: SchemaNode }[] {
  const children = Object.entries(node.properties ?? {}).flatMap(([key, child]) =>
    leaves(child, path ? `${path}.${key}` : key),
  );
  const items = node.items?.properties ? leaves(node.items, `${path}[]`) : [];
  return node.properties ? children : [{ path, node }, ...items];
}

/** The kinds of scans that run elsewhere share their keys, and those their rows. */
const DISPATCHED = new RegExp(`^scan\\.(?:${DISPATCHED_KINDS.join("|")})\\.`);
const keys = leaves(hmsJsonSchema() as SchemaNode, "")
  .map(({ path, node }) => ({ path: path.replace(DISPATCHED, "scan.<kind>."), node }))
  .filter(({ path }, at, all) => all.findIndex((one) => one.path === path) === at);

test("every key of the file has a row with its default, and no row is left over", () => {
  const rows = [
    ...document.matchAll(/^\| `((?:version|scan|gate|preview|organisation)[^`]*)` +\| ([^|]*?) +\| [^|]{10,}\|$/gm),
  ];
  expect(rows.map((row) => row[1]).sort()).toEqual(keys.map(({ path }) => path).sort());
  for (const { path, node } of keys) {
    if (node.default === undefined || Array.isArray(node.default)) continue;
    expect([path, rows.find((row) => row[1] === path)?.[2]]).toEqual([path, `\`${String(node.default)}\``]);
  }
});

test("the schema's defaults are the ones that are in force", () => {
  const written: Record<string, unknown> = {};
  for (const { path, node } of keys) {
    const parts = path.split(".");
    if (node.default === undefined || path.startsWith("organisation")) continue;
    let at = written;
    for (const part of parts.slice(0, -1)) {
      at[part] ??= {};
      at = at[part] as Record<string, unknown>;
    }
    at[parts.at(-1) ?? ""] = node.default;
  }
  const result = parseHmsYml(JSON.stringify({ version: 1, ...written }));
  expect(result.ok && mergeConfig(undefined, result.config)).toEqual({ ok: true, config: DEFAULTS });
});

test("every variable has a row, and no row is left over", () => {
  const rows = [...document.matchAll(/^\| `([A-Z][A-Z_]+)` +\|/gm)].map((row) => row[1]);
  expect(rows.sort()).toEqual([...VARIABLES].sort());
  for (const name of Object.keys(NOT_YET)) expect(document).toContain(`\`${name}\``);
});

test("every enforceable key has a row", () => {
  const section = document.slice(document.indexOf("| enforced key"));
  for (const key of ENFORCEABLE) expect(section).toMatch(new RegExp(`^\\| \`${key}\` +\\| `, "m"));
});

describe("docs/previews.md", () => {
  const previews = readFileSync(new URL("../../docs/previews.md", import.meta.url), "utf8");

  test("every state has a row in the words that people see, and no row is left over", () => {
    const table = previews.slice(previews.indexOf("| state "), previews.indexOf("**Not known"));
    const rows = [...table.matchAll(/^\| ([A-Z][^|]*?) +\|/gm)].map((row) => row[1]);
    expect(rows.sort()).toEqual(Object.values(PREVIEW_TITLES).sort());
  });

  test("every cause has a row, and no row is left over", () => {
    const table = previews.slice(previews.indexOf("| cause "), previews.indexOf("## The address"));
    const rows = [...table.matchAll(/^\| `([a-z-]+)` +\|/gm)].map((row) => row[1] ?? "");
    expect(rows.sort()).toEqual([...causesInSource()].sort());
  });

  test("its example is valid", () => {
    const [example = ""] = [...previews.matchAll(/```yaml\n(version[\s\S]*?)```/g)].map((match) => match[1] ?? "");
    expect(parseHmsYml(example)).toMatchObject({ ok: true });
  });
});

/** Causes are written where they are found: as a field, as the first of a helper's words, or in the table of what messages say. */
function causesInSource(): Set<string> {
  const folders = ["src/preview", "src/pull-request/preview"].map((path) => new URL(`../../${path}/`, import.meta.url));
  const texts = folders.flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".ts"))
      .map((name) => readFileSync(new URL(name, folder), "utf8")),
  );
  const patterns = [/\bcause: "([a-z-]+)"/g, /\bnobody\(\s*"([a-z-]+)"/g, /^ +\[\/.*\/i, "([a-z-]+)"\],$/gm];
  return new Set(
    texts.flatMap((text) => patterns.flatMap((pattern) => [...text.matchAll(pattern)].map(([, one]) => one ?? ""))),
  );
}

describe("the examples are valid", () => {
  const examples = [...document.matchAll(/```yaml\n([\s\S]*?)```/g)].map((match) => match[1] ?? "");
  test.each(examples)("%#", (text) => {
    expect(parseHmsYml(text, { scope: text.includes("organisation:") ? "organisation" : "repository" })).toMatchObject({
      ok: true,
    });
  });
  test("there are four", () => expect(examples).toHaveLength(4));
});
