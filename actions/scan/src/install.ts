import { spawn } from "node:child_process";
import { access, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { info } from "@actions/core";
import { GITLEAKS_RULES, strictRules } from "./gitleaks-rules.ts";
import { readTool } from "./inputs.ts";
import { homeOf, isPinned, PINNED, type PinnedTool, sourcesOf } from "./pinned.ts";
import { COMPLETE, programOf } from "./program.ts";
import { ScanFailure } from "./scan-failure.ts";

const ATTEMPTS = 3;

/** Makes the tool ready. This is the only mode that fetches anything, and it comes before any code of the pull request is on the machine. */
export async function install(): Promise<void> {
  const tool = readTool();
  if (!isPinned(tool)) {
    // Nothing to fetch: that what the workflow names is there, and is what it should be, is told at once.
    await programOf(tool);
    return;
  }
  const home = await homeOf(tool);
  const { version, program } = PINNED[tool];
  if (await isThere(join(home, COMPLETE))) {
    info(`${tool} ${version} is there already.`);
    return;
  }
  await rm(home, { recursive: true, force: true });
  await mkdir(home, { recursive: true });
  await (PINNED[tool].by === "pip" ? fromPyPi(tool, home) : fromGo(tool, home));
  await checkVersion(tool, join(home, program));
  await writeFile(join(home, COMPLETE), `${tool} ${version}\n`);
  info(`${tool} ${version} was installed.`);
}

/**
 * Every file by its hash. Wheels only, so that nothing that is fetched is run while it is being installed; where there is none, what builds
 * one is pinned as well.
 */
async function fromPyPi(tool: PinnedTool, home: string): Promise<void> {
  const pinned = PINNED[tool];
  await run("python3", ["-m", "venv", home], home, 1);
  const install = (file: string, ...options: string[]): Promise<string> => {
    const args = ["--quiet", "--no-input", "--disable-pip-version-check", "--no-deps", "--require-hashes", ...options];
    const requirements = join(sourcesOf(tool), file);
    const python = join(home, "bin/python");
    return run(python, ["-m", "pip", "install", ...args, "--requirement", requirements], home, ATTEMPTS);
  };
  const built = "built" in pinned ? pinned.built : [];
  if (built.length > 0) await install("requirements-build.txt", "--only-binary=:all:");
  const sources = built.length > 0 ? ["--no-build-isolation", `--no-binary=${built.join(",")}`] : [];
  await install("requirements.txt", "--only-binary=:all:", ...sources);
}

/** Every module by the sum in go.sum. */
async function fromGo(tool: PinnedTool, home: string): Promise<void> {
  const pinned = PINNED[tool];
  if (pinned.by !== "go") throw new Error(`${tool} is not built by Go`);
  const flags = ["-mod=readonly", "-trimpath", "-ldflags=-s -w"];
  await run("go", ["build", ...flags, "-o", join(home, pinned.program), pinned.package], sourcesOf(tool), ATTEMPTS);
  if (tool === "gitleaks") await writeFile(join(home, GITLEAKS_RULES), strictRules(await shippedRules(pinned.package)));
}

async function shippedRules(module: string): Promise<string> {
  const folder = (await run("go", ["list", "-m", "-f", "{{.Dir}}", module], sourcesOf("gitleaks"), 1)).trim();
  return readFile(join(folder, "config/gitleaks.toml"), "utf8");
}

async function checkVersion(tool: PinnedTool, program: string): Promise<void> {
  const pinned = PINNED[tool];
  // What Go builds from a module does not know its own version; go.sum does.
  if (pinned.by === "go") return;
  const said = await run(program, pinned.versionArgs, "/", 1);
  if (!said.includes(pinned.version))
    throw new ScanFailure(`${tool} says it is ${said.trim().slice(0, 100)}, not ${pinned.version}.`);
}

/** Standard output; a command that fetches is tried again. @throws {ScanFailure} */
async function run(command: string, args: readonly string[], cwd: string, attempts: number): Promise<string> {
  for (let attempt = 1; ; attempt += 1) {
    const { code, output, complaint } = await once(command, args, cwd);
    if (code === 0) return output;
    if (attempt >= attempts)
      throw new ScanFailure(
        `${command.split("/").at(-1)} ${args.slice(0, 3).join(" ")} ended with ${code}: ${complaint.trim().slice(-600)}`,
      );
    info(`Attempt ${attempt} of ${attempts} failed.`);
  }
}

function once(
  command: string,
  args: readonly string[],
  cwd: string,
): Promise<{ code: number | null; output: string; complaint: string }> {
  const env = { ...process.env, CGO_ENABLED: "0", GOFLAGS: "", GOWORK: "off", PYTHONDONTWRITEBYTECODE: "" };
  return new Promise((resolve, reject) => {
    const child = spawn(command, [...args], { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    let complaint = "";
    child.stdout.on("data", (chunk: Buffer) => {
      output = (output + chunk.toString()).slice(-10_000);
    });
    child.stderr.on("data", (chunk: Buffer) => {
      complaint = (complaint + chunk.toString()).slice(-10_000);
    });
    child.once("error", (error) =>
      reject(
        new ScanFailure(
          `${command} cannot be started: ${error.message}. Tools are made with it, so the runner needs it.`,
        ),
      ),
    );
    child.once("close", (code) => resolve({ code, output, complaint }));
  });
}

async function isThere(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return false;
    throw error;
  }
}
