import { realpath } from "node:fs/promises";
import { getInput } from "@actions/core";
import { ScanFailure } from "./scan-failure.ts";

export const MODES = ["install", "scan", "report"] as const;
export type Mode = (typeof MODES)[number];

export const TOOLS = ["semgrep", "gitleaks", "osv-scanner", "checkov", "trivy", "wapiti", "zap", "sarif"] as const;
export type ToolName = (typeof TOOLS)[number];

export const KINDS = ["sast", "leaks", "dependencies", "iac", "image", "dast", "quality"] as const;
export type Kind = (typeof KINDS)[number];

/** What HMS-SYS asked for. Whoever may write can dispatch the workflow, so every one of these is checked before it is used. */
export interface Asked {
  kind: Kind;
  tool: ToolName;
  scan: string;
  sha: string;
  base: string | undefined;
  target: string | undefined;
}

/** @throws {ScanFailure} */
export function readMode(): Mode {
  return oneOf("mode", MODES);
}

/** @throws {ScanFailure} */
export function readTool(): ToolName {
  return oneOf("tool", TOOLS);
}

/** @throws {ScanFailure} */
export function readAsked(): Asked {
  const base = getInput("base");
  if (base !== "") matching("base", /^[0-9a-f]{40}$/, "a whole commit id");
  return {
    kind: oneOf("kind", KINDS),
    tool: readTool(),
    scan: matching("scan", /^[0-9a-f]{32}$/, "32 hexadecimal digits"),
    sha: matching("sha", /^[0-9a-f]{40}$/, "a whole commit id"),
    base: base === "" ? undefined : base,
    target: readTarget(),
  };
}

/** @throws {ScanFailure} */
export function readMinutes(): number {
  return Number(matching("timeout-minutes", /^[1-9][0-9]{0,2}$/, "a number of minutes"));
}

/** @throws {ScanFailure} */
export function matching(name: string, pattern: RegExp, what: string): string {
  const value = getInput(name);
  if (!pattern.test(value)) throw new ScanFailure(`The input ${name} is not ${what}.`);
  return value;
}

/**
 * That a path is none of the job's own folders, where the pull request's files are: who may write to a repository may set its variables,
 * and push what they name. A self-hosted runner even keeps the files of the run before.
 * @throws {ScanFailure}
 */
export async function requireOutsideOfJob(path: string, name: string): Promise<void> {
  const real = await whereItIs(path);
  for (const variable of ["GITHUB_WORKSPACE", "RUNNER_TEMP"]) {
    const folder = process.env[variable];
    if (folder && `${real}/`.startsWith(`${await whereItIs(folder)}/`))
      throw new ScanFailure(`The input ${name} leads into the job's own folders, where the pull request's files are.`);
  }
}

async function whereItIs(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (error) {
    throw new ScanFailure(
      `There is no ${JSON.stringify(path).slice(0, 300)} (${(error as NodeJS.ErrnoException).code}).`,
    );
  }
}

function oneOf<const T extends string>(name: string, values: readonly T[]): T {
  const value = getInput(name);
  const found = values.find((each) => each === value);
  if (found === undefined) throw new ScanFailure(`The input ${name} is none of ${values.join(", ")}.`);
  return found;
}

/** An address or the name of an image: nothing that a command line could take for an option. */
function readTarget(): string | undefined {
  const target = getInput("target");
  if (target === "") return undefined;
  if (target.length > 2000 || /[^\x21-\x7e]/.test(target) || target.startsWith("-"))
    throw new ScanFailure("The input target is neither an address nor the name of an image.");
  return target;
}
