import { spawn } from "node:child_process";
import { createHash, randomUUID } from "node:crypto";
import { access, mkdir, readFile, rename, rm } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";

/**
 * The real programs that tests run against, by the name of their binary. Each stands in a small Go module of its own
 * (`tools/<module>`), so that one tool's dependencies never move another's.
 */
const TOOLS = {
  opa: { module: "opa", package: "github.com/open-policy-agent/opa" },
  etcd: { module: "etcd", package: "go.etcd.io/etcd/server/v3" },
  kwok: { module: "kwok", package: "sigs.k8s.io/kwok/cmd/kwok" },
  "kube-apiserver": { module: "kubernetes", package: "k8s.io/kubernetes/cmd/kube-apiserver" },
  "kube-controller-manager": { module: "kubernetes", package: "k8s.io/kubernetes/cmd/kube-controller-manager" },
  "kube-scheduler": { module: "kubernetes", package: "k8s.io/kubernetes/cmd/kube-scheduler" },
  argocd: { module: "argo-cd", package: "github.com/argoproj/argo-cd/v3/cmd" },
} as const;

export type ToolName = keyof typeof TOOLS;

export const TOOL_NAMES = Object.keys(TOOLS) as ToolName[];

/** A tool cannot be had on this machine. The message says what to install. */
export class ToolUnavailableError extends Error {
  override name = "ToolUnavailableError";
}

/**
 * The path of a tool's binary, built from source when the cache has none for the module's exact go.mod and go.sum.
 * Any number of processes may ask at once: each builds for itself and renames into place.
 * @throws {ToolUnavailableError}
 */
export async function ensureTool(name: ToolName): Promise<string> {
  const tool = TOOLS[name];
  const moduleDir = join(import.meta.dirname, "tools", tool.module);
  const binDir = join(cacheDir(), await moduleDigest(moduleDir), "bin");
  const binary = join(binDir, name);
  if (await exists(binary)) return binary;

  await mkdir(binDir, { recursive: true });
  const unfinished = join(binDir, `.${name}-${randomUUID()}`);
  try {
    await goBuild(moduleDir, tool.package, unfinished);
    await rename(unfinished, binary);
  } finally {
    await rm(unfinished, { force: true });
  }
  return binary;
}

/** The module and version that a tool is built from: `github.com/open-policy-agent/opa v1.22.0`. */
export async function toolVersion(name: ToolName): Promise<string> {
  const { module, package: path } = TOOLS[name];
  const text = await readFile(join(import.meta.dirname, "tools", module, "go.mod"), "utf8");
  const line = text.split("\n").find((entry) => entry.includes(`${path} v`));
  if (line === undefined) throw new Error(`go.mod of ${name} does not require ${path}`);
  return line.replace("require", "").replace("// indirect", "").trim();
}

function cacheDir(): string {
  return process.env.HMS_TOOL_CACHE ?? join(homedir(), ".cache", "hms-sys", "tools");
}

async function moduleDigest(moduleDir: string): Promise<string> {
  const hash = createHash("sha256").update(`${process.platform} ${process.arch}\n`);
  for (const file of ["go.mod", "go.sum"]) hash.update(await readFile(join(moduleDir, file)));
  return hash.digest("hex").slice(0, 32);
}

function goBuild(moduleDir: string, packagePath: string, output: string): Promise<void> {
  const args = ["build", "-mod=readonly", "-trimpath", "-ldflags", "-s -w", "-o", output, packagePath];
  const env = { ...process.env, GOTOOLCHAIN: "local", GOFLAGS: "", GOWORK: "off", CGO_ENABLED: "0" };
  return new Promise((resolve, reject) => {
    const child = spawn("go", args, { cwd: moduleDir, env, stdio: ["ignore", "ignore", "pipe"] });
    const stop = () => child.kill("SIGTERM");
    process.once("exit", stop);
    const complaints: Buffer[] = [];
    child.stderr.on("data", (chunk: Buffer) => complaints.push(chunk));
    child.once("error", (error: NodeJS.ErrnoException) => {
      process.removeListener("exit", stop);
      const reason =
        error.code === "ENOENT"
          ? "Go is not installed. The tests against real programs build them from source: install Go 1.26 or newer."
          : `Go cannot be started: ${error.message}`;
      reject(new ToolUnavailableError(reason));
    });
    child.once("close", (code) => {
      process.removeListener("exit", stop);
      if (code === 0) return resolve();
      const tail = Buffer.concat(complaints).toString().trim().split("\n").slice(-20).join("\n");
      reject(new ToolUnavailableError(`go build ${packagePath} ended with ${code}:\n${tail}`));
    });
  });
}

async function exists(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return false;
    throw error;
  }
}
