import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { exportTree } from "../../actions/scan/src/export-tree.ts";
import { relativeUri } from "../../actions/scan/src/finish-sarif.ts";
import { strictRules } from "../../actions/scan/src/gitleaks-rules.ts";
import { unspoken } from "../../actions/scan/src/log.ts";
import { asksToLookAway, withoutSuppressions } from "../../actions/scan/src/neutral.ts";
import { commandsIn } from "../doubles/runner/file-commands.ts";

let folder: string;
let gitDir: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "hms-export-"));
  gitDir = join(folder, "repository.git");
  git(["init", "-q", "--bare", gitDir]);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function git(args: string[], input = ""): string {
  const env = { PATH: process.env.PATH, GIT_DIR: gitDir, GIT_CONFIG_GLOBAL: "/dev/null", GIT_CONFIG_NOSYSTEM: "1" };
  return execFileSync("git", args, { env, input, stdio: ["pipe", "pipe", "pipe"] })
    .toString()
    .trim();
}

/** A commit of a tree that no checkout would make: entries as they are given. */
function commitOf(entries: [mode: string, name: string, content: string][]): string {
  const lines = entries.map(([mode, name, content]) => {
    const type = mode === "040000" ? "tree" : mode === "160000" ? "commit" : "blob";
    return `${mode} ${type} ${type === "blob" ? git(["hash-object", "-w", "--stdin"], content) : content}\t${name}\0`;
  });
  const tree = git(["mktree", "-z", "--missing"], lines.join(""));
  return git(["-c", "user.name=a", "-c", "user.email=a@example.test", "commit-tree", "-m", "x", tree]);
}

function exported(sha: string, rewrite?: (content: Buffer) => Buffer) {
  return exportTree({ gitDir }, sha, join(folder, "out"), rewrite);
}

describe("of a commit only its regular files are laid out", () => {
  test("no links, submodules or configuration of scanners", async () => {
    const sha = commitOf([
      ["100644", "a.txt", "a\r\n"],
      ["100755", "run.sh", "#!/bin/sh\n"],
      ["120000", "link", "/etc/passwd"],
      ["160000", "module", "1".repeat(40)],
      ["100644", ".Checkov.YAML", "x"],
      ["100644", ".gitattributes", "* filter=evil\n"],
    ]);
    const { files, links, submodules, configuration } = await exported(sha);
    expect([...files].sort()).toEqual([".gitattributes", "a.txt", "run.sh"]);
    expect({ links, submodules, configuration }).toEqual({
      links: ["link"],
      submodules: ["module"],
      configuration: [".Checkov.YAML"],
    });
    expect(readdirSync(join(folder, "out")).sort()).toEqual([".gitattributes", "a.txt", "run.sh"]);
    expect(readFileSync(join(folder, "out/a.txt"), "latin1")).toBe("a\r\n");
  });

  test.each(["..", ".git", ".GIT", "."])(
    "a tree with an entry %s is refused, and nothing is written outside",
    async (name) => {
      const inner = git(["mktree", "-z"], `100644 blob ${git(["hash-object", "-w", "--stdin"], "evil")}\tevil.txt\0`);
      // What mktree refuses is written by hand, as whoever attacks would.
      const bytes = Buffer.concat([Buffer.from(`40000 ${name}\0`), Buffer.from(inner, "hex")]);
      const tree = execFileSync("git", ["hash-object", "-t", "tree", "-w", "--stdin", "--literally"], {
        env: { PATH: process.env.PATH, GIT_DIR: gitDir },
        input: bytes,
      });
      const identity = ["-c", "user.name=a", "-c", "user.email=a@example.test"];
      const sha = git([...identity, "commit-tree", "-m", "x", tree.toString().trim()]);
      await expect(exported(sha)).rejects.toThrow();
      expect(existsSync(join(folder, "evil.txt"))).toBe(false);
    },
  );

  test("what may not be larger is told of", async () => {
    const sha = commitOf([
      ["100644", "a.txt", "12345"],
      ["100644", "b.txt", "1"],
    ]);
    const limits = { files: 10, fileBytes: 4, allBytes: 100 };
    const { oversized, files } = await exportTree({ gitDir }, sha, join(folder, "out"), undefined, limits);
    expect(oversized).toEqual(["a.txt"]);
    expect([...files]).toEqual(["b.txt"]);
    await expect(exportTree({ gitDir }, sha, join(folder, "more"), undefined, { ...limits, files: 0 })).rejects.toThrow(
      "1 files",
    );
  });
});

test("suppressions that no option ignores say nothing any more, in the same length", () => {
  const text = "a = 1 #trivy:ignore:AVD-1\nb # tfsec:ignore:x\nc # pragma: allowlist secret\nü \xff";
  const changed = withoutSuppressions(Buffer.from(text, "latin1")).toString("latin1");
  expect(changed).toHaveLength(text.length);
  expect(changed).not.toMatch(/(?:trivy|tfsec):ignore|pragma:/);
  expect(changed.endsWith("secret\nü \xff")).toBe(true);
});

test.each(["x # nosemgrep", "x // nosem: a", "gitleaks:allow", "# checkov:skip=A", "NOSONAR"])(
  "%s asks to look away",
  (line) => expect(asksToLookAway(line)).toBe(true),
);

test("paths become the repository's, whether a tool encodes them or not", () => {
  const of = { root: "/x/code", files: new Set(["a b%20.py", "ä.py"]) } as never;
  expect(relativeUri("/x/code/a b%20.py", of)).toBe("a%20b%2520.py");
  expect(relativeUri("file:///x/code/%C3%A4.py", of)).toBe("%C3%A4.py");
  expect(relativeUri("./src/../src/a.py", of)).toBe("src/a.py");
  expect(relativeUri("/etc/passwd", of)).toBe("/etc/passwd");
  expect(relativeUri("https://example.test/x", of)).toBe("https://example.test/x");
});

test("gitleaks' rules keep all but the paths that it leaves out", () => {
  const shipped =
    "title = \"x\"\n[allowlist]\ndescription = \"d\"\npaths = [\n    '''a\\.png''',\n]\nregexes = ['''b''']\n[[rules]]\nid = \"r\"\n";
  const strict = strictRules(shipped);
  expect(strict).not.toContain("a\\.png");
  expect(strict).toContain("regexes = ['''b''']\n[[rules]]");
  expect(() => strictRules("[[allowlists]]\n")).toThrow("not in the form that is known");
});

test.each(["::error::x", "  ::add-mask::x", "a ##[add-mask]x", "a\r::set-output name=x::y", "\u2028::error::x"])(
  "%j is no command to the runner any more",
  (text) => expect(commandsIn(unspoken(text))).toEqual([]),
);
