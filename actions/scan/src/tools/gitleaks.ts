import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { requireCommit } from "../git.ts";
import { GITLEAKS_RULES } from "../gitleaks-rules.ts";
import { quote } from "../log.ts";
import { readSarifFile } from "../read-sarif.ts";
import { lastWords, runTool } from "../run-tool.ts";
import { ScanFailure } from "../scan-failure.ts";
import { bareEnvironment, type Scanned, type Scene } from "../scene.ts";

/** Merges too, and files of every kind: Git shows neither by itself, and a secret may stand in either. */
const LOG_OPTIONS = [
  "--full-history",
  "--text",
  "--diff-merges=first-parent",
  "--diff-filter=d",
  "--no-ext-diff",
  "--no-textconv",
  "--no-mailmap",
];

/** https://github.com/gitleaks/gitleaks — every commit after the merge base; without one, all that the commit's history holds. */
export async function gitleaks({ asked, repository, scratch, rules, program, deadlineMs }: Scene): Promise<Scanned> {
  if (asked.base !== undefined) await requireCommit(repository, asked.base);
  const source = await bareCopy(repository.gitDir, scratch);
  const output = join(scratch, "gitleaks.sarif");
  const nothing = join(scratch, "ignore-nothing");
  await writeFile(nothing, "");
  const own = join(rules, "gitleaks.toml");
  const range = asked.base === undefined ? asked.sha : `${asked.base}..${asked.sha}`;
  const end = await runTool({
    program,
    args: [
      "git",
      `--config=${existsSync(own) ? own : join(dirname(program), GITLEAKS_RULES)}`,
      `--gitleaks-ignore-path=${nothing}`,
      "--ignore-gitleaks-allow",
      "--max-target-megabytes=0",
      "--redact=100",
      "--report-format=sarif",
      `--report-path=${output}`,
      // So that findings and failures can be told apart.
      "--exit-code=0",
      "--no-banner",
      "--no-color",
      `--log-opts=${[...LOG_OPTIONS, range].join(" ")}`,
      source,
    ],
    cwd: scratch,
    env: {
      ...bareEnvironment(scratch, ["/usr/local/bin", "/usr/bin", "/bin"]),
      GIT_CONFIG_GLOBAL: "/dev/null",
      GIT_CONFIG_NOSYSTEM: "1",
      GIT_ATTR_NOSYSTEM: "1",
      GIT_NO_REPLACE_OBJECTS: "1",
      GIT_CONFIG_COUNT: "1",
      GIT_CONFIG_KEY_0: "safe.directory",
      GIT_CONFIG_VALUE_0: "*",
    },
    deadlineMs,
  });
  quote(end.stderr);
  if (end.cut) throw new ScanFailure("gitleaks complained more than can be told of.");
  if (end.code !== 0) throw new ScanFailure(`gitleaks ended with ${end.code}: ${lastWords(end)}`);
  // It goes on, and ends with 0, where git ends early.
  const broken = /^.*\b(?:ERR|FTL)\b.*$/m.exec(end.stderr)?.[0];
  if (broken !== undefined)
    throw new ScanFailure(`gitleaks could not read every commit: ${broken.trim().slice(0, 400)}`);
  return { log: await readSarifFile(output, "gitleaks"), unread: [] };
}

/**
 * A repository of our own over the same objects: no files, no configuration, and attributes by which no `.gitattributes` of a commit
 * can turn a file into one whose lines Git does not show.
 */
async function bareCopy(gitDir: string, scratch: string): Promise<string> {
  const copy = join(scratch, "commits.git");
  await mkdir(join(copy, "objects/info"), { recursive: true });
  await mkdir(join(copy, "refs"));
  await mkdir(join(copy, "info"));
  await writeFile(join(copy, "objects/info/alternates"), `${join(gitDir, "objects")}\n`);
  await writeFile(join(copy, "HEAD"), "ref: refs/heads/none\n");
  await writeFile(join(copy, "config"), "[core]\n\trepositoryformatversion = 0\n\tbare = true\n");
  await writeFile(join(copy, "info/attributes"), "* diff -filter -ident -working-tree-encoding\n");
  return copy;
}
