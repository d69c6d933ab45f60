import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
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

function git(args: string[], input: string | Buffer = ""): string {
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

/** Files that lie there, whatever is said of them. */
function laidOut(): string[] {
  const entries = readdirSync(join(folder, "out"), { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map(({ name }) => name)
    .sort();
}

function content(path: string): Buffer {
  return readFileSync(join(folder, "out", path));
}

function exported(sha: string, rewrite?: (content: Buffer) => Buffer) {
  return exportTree({ gitDir }, sha, join(folder, "out"), rewrite);
}

describe("of a commit only its files are laid out", () => {
  test("no links, no submodules, and what configures a scanner under another name", async () => {
    const sha = commitOf([
      ["100644", "a.txt", "a\r\n"],
      ["100755", "run.sh", "#!/bin/sh\n"],
      ["120000", "link", "/etc/passwd"],
      ["160000", "module", "1".repeat(40)],
      ["100644", ".Checkov.YAML", "x"],
      ["100644", ".gitattributes", "* filter=evil\n"],
    ]);
    const { files, elsewhere, unread, configuration } = await exported(sha);
    expect([...files].sort()).toEqual([".gitattributes", "a.txt", "hms-scan-shows-1.Checkov.YAML", "run.sh"]);
    expect([...elsewhere]).toEqual([["hms-scan-shows-1.Checkov.YAML", ".Checkov.YAML"]]);
    expect(configuration).toEqual([".Checkov.YAML"]);
    expect(unread.map(({ path }) => path)).toEqual(["module", "link"]);
    expect(laidOut()).toEqual([...files].sort());
    expect(content("a.txt").toString("latin1")).toBe("a\r\n");
  });

  test("a name that is in use already is not taken for what configures a scanner", async () => {
    const sha = commitOf([
      ["100644", "hms-scan-shows-1.trivy.yaml", "mine"],
      ["100644", "trivy.yaml", "kind: Pod"],
    ]);
    const { elsewhere } = await exported(sha);
    expect([...elsewhere]).toEqual([["hms-scan-shows-2.trivy.yaml", "trivy.yaml"]]);
    expect(content("hms-scan-shows-1.trivy.yaml").toString()).toBe("mine");
    expect(content("hms-scan-shows-2.trivy.yaml").toString()).toBe("kind: Pod");
  });

  test("a link to a file of another name is that file, under the link's name", async () => {
    const sha = commitOf([
      ["100644", "text", "x = 1\n"],
      ["100644", ".gitignore", "y = 1\n"],
      ["120000", "a.py", "text"],
      ["120000", "b.py", "./c.py"],
      ["120000", "c.py", "../folder/../a.py"],
      ["120000", "d.py", ".gitignore"],
      ["120000", "round.py", "round.py"],
      ["120000", "out.py", "../../text"],
      ["120000", "nothing.py", "gone"],
      ["120000", "here", "."],
    ]);
    const { files, unread } = await exported(sha);
    expect([...files].sort()).toEqual(["a.py", "d.py", "hms-scan-shows-1.gitignore", "text"]);
    expect(content("a.py").toString()).toBe("x = 1\n");
    expect(content("d.py").toString()).toBe("y = 1\n");
    expect(unread.map(({ path }) => path).sort()).toEqual(["b.py", "c.py", "nothing.py", "out.py", "round.py"]);
  });

  test("what stands in Git LFS is told of, but for what no scanner looks into", async () => {
    const pointer = `version https://git-lfs.github.com/spec/v1\noid sha256:${"0".repeat(64)}\nsize 9\n`;
    const sha = commitOf([
      ["100644", "app.py", pointer],
      ["100644", "logo.png", pointer],
      ["100644", "notes.md", `${"x".repeat(100)}\n${pointer}`],
    ]);
    expect((await exported(sha)).unread).toEqual([{ path: "app.py", why: expect.stringContaining("Git LFS") }]);
  });

  test("a text in UTF-16 is laid out as UTF-8 besides", async () => {
    const utf16 = Buffer.from("\ufeffdjango==1.0 # trivy:ignore:x\r\n", "utf16le");
    for (const bytes of [utf16, Buffer.from(utf16).swap16()]) {
      const id = git(["hash-object", "-w", "--stdin"], bytes);
      const tree = git(["mktree", "-z"], `100644 blob ${id}\trequirements.txt\0`);
      const { elsewhere } = await exported(
        git(["-c", "user.name=a", "-c", "user.email=a@example.test", "commit-tree", "-m", "x", tree]),
        withoutSuppressions,
      );
      expect([...elsewhere]).toEqual([["hms-scan-shows-1/requirements.txt", "requirements.txt"]]);
      expect(content("requirements.txt").equals(bytes)).toBe(true);
      expect(content("hms-scan-shows-1/requirements.txt").toString()).toBe("django==1.0 # trivy_ignore:x\r\n");
      rmSync(join(folder, "out"), { recursive: true });
    }
  });

  test("what says by which program it is run can be executed, as tools look at no other", async () => {
    const sha = commitOf([
      ["100644", "tool", "#!/usr/bin/env python3\n"],
      ["100755", "data", "x\n"],
    ]);
    await exported(sha);
    expect(["tool", "data"].map((name) => statSync(join(folder, "out", name)).mode & 0o777)).toEqual([0o700, 0o600]);
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
    const { unread, files } = await exportTree({ gitDir }, sha, join(folder, "out"), undefined, limits);
    expect(unread).toEqual([{ path: "a.txt", why: "The file is larger than scanners read." }]);
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
  const excepted = "[[rules.allowlists]]\npaths = [\n    '''c\\.md$''',\n]\n";
  const narrow = excepted.replace("paths", 'condition = "AND"\npaths');
  const both = strictRules(`${shipped}${excepted}\n[[rules]]\nid = "s"\n${narrow}`);
  expect(both).toBe(`${strict}\n[[rules]]\nid = "s"\n${narrow}`);
  expect(() => strictRules("[[allowlists]]\n")).toThrow("not in the form that is known");
});

test.each(["::error::x", "  ::add-mask::x", "a ##[add-mask]x", "a\r::set-output name=x::y", "\u2028::error::x"])(
  "%j is no command to the runner any more",
  (text) => expect(commandsIn(unspoken(text))).toEqual([]),
);
