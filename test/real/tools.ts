import { spawn, spawnSync } from "node:child_process";
import { createHash, randomUUID } from "node:crypto";
import { access, mkdir, readFile, rename, rm } from "node:fs/promises";
import { homedir } from "node:os";
import { dirname, join } from "node:path";

/**
 * The real programs that tests run against, by the name of their binary. Each stands in a small Go module of its own
 * (`tools/<module>`), so that one tool's dependencies never move another's.
 */
const TOOLS = {
  opa: { module: "opa", source: "github.com/open-policy-agent/opa", package: "" },
  etcd: { module: "etcd", source: "go.etcd.io/etcd/server/v3", package: "" },
  kwok: { module: "kwok", source: "sigs.k8s.io/kwok", package: "/cmd/kwok" },
  "kube-apiserver": { module: "kubernetes", source: "k8s.io/kubernetes", package: "/cmd/kube-apiserver" },
  "kube-controller-manager": {
    module: "kubernetes",
    source: "k8s.io/kubernetes",
    package: "/cmd/kube-controller-manager",
  },
  "kube-scheduler": { module: "kubernetes", source: "k8s.io/kubernetes", package: "/cmd/kube-scheduler" },
  // Argo CD calls these two for sources of their kind.
  kustomize: { module: "kustomize", source: "sigs.k8s.io/kustomize/kustomize/v5", package: "" },
  helm: { module: "helm", source: "helm.sh/helm/v3", package: "/cmd/helm" },
  argocd: { module: "argo-cd", source: "github.com/argoproj/argo-cd/v3", package: "/cmd" },
} as const;

export type ToolName = keyof typeof TOOLS;

export const TOOL_NAMES = Object.keys(TOOLS) as ToolName[];

/** A tool cannot be had on this machine. The message says what to install. */
export class ToolUnavailableError extends Error {
  override name = "ToolUnavailableError";
}

/**
 * The path of a tool's binary, built from source when the cache has none for the module's exact go.mod and go.sum.
 * Any number of processes may ask at once: each builds for itself and renames into place. One process builds one tool after
 * the other, as a linker of Kubernetes wants gigabytes, and says what it is at, as all of them take a quarter of an hour.
 * @throws {ToolUnavailableError}
 */
export async function ensureTool(name: ToolName): Promise<string> {
  const binary = await binaryOf(name);
  if (await exists(binary)) return binary;
  const built = building.then(() => build(name, binary));
  building = built.catch(() => undefined);
  await built;
  return binary;
}

let building: Promise<unknown> = Promise.resolve();

async function build(name: ToolName, binary: string): Promise<void> {
  // Somebody else built it while this waited.
  if (await exists(binary)) return;
  const startedMs = performance.now();
  console.error(`building ${name}: ${await toolVersion(name)}`);
  const { module, source, package: path } = TOOLS[name];
  await mkdir(dirname(binary), { recursive: true });
  const unfinished = join(dirname(binary), `.${name}-${randomUUID()}`);
  try {
    const flags = ["-mod=readonly", "-trimpath", "-ldflags", "-s -w"];
    await go(folderOf(module), ["build", ...flags, "-o", unfinished, `${source}${path}`]);
    await rename(unfinished, binary);
  } finally {
    await rm(unfinished, { force: true });
  }
  console.error(`built ${name} in ${((performance.now() - startedMs) / 1000).toFixed(0)} s`);
}

async function binaryOf(name: ToolName): Promise<string> {
  return join(cacheDir(), await moduleDigest(folderOf(TOOLS[name].module)), "bin", name);
}

/** The module and version that a tool is built from: `github.com/open-policy-agent/opa v1.22.0`. */
export async function toolVersion(name: ToolName): Promise<string> {
  const { module, source } = TOOLS[name];
  const text = await readFile(join(folderOf(module), "go.mod"), "utf8");
  const line = text.split("\n").find((entry) => entry.replace("require", "").trim().startsWith(`${source} v`));
  if (line === undefined) throw new Error(`go.mod of ${name} does not require ${source}`);
  return line.replace("require", "").replace("// indirect", "").trim();
}

/**
 * The directory of the source that a tool is built from, for what lies beside its code; downloaded where this machine has none.
 * @throws {ToolUnavailableError}
 */
export async function toolSource(name: ToolName): Promise<string> {
  const { module, source } = TOOLS[name];
  const { Dir: directory } = JSON.parse(await go(folderOf(module), ["mod", "download", "-json", source]));
  if (typeof directory !== "string") throw new ToolUnavailableError(`Go has no source of ${source}`);
  return directory;
}

/**
 * The name of Redis' program, which Argo CD wants and which every distribution packages.
 * @throws {ToolUnavailableError}
 */
export function redisServer(): string {
  const name = process.env.REDIS_SERVER || "redis-server";
  if (spawnSync(name, ["--version"]).status === 0) return name;
  throw new ToolUnavailableError(
    "redis-server is not installed. The tests against Argo CD need it: install the package; REDIS_SERVER may name one.",
  );
}

function folderOf(module: string): string {
  return join(import.meta.dirname, "tools", module);
}

function cacheDir(): string {
  return process.env.HMS_TOOL_CACHE ?? join(homedir(), ".cache", "hms-sys", "tools");
}

async function moduleDigest(moduleDir: string): Promise<string> {
  const hash = createHash("sha256").update(`${process.platform} ${process.arch}\n`);
  for (const file of ["go.mod", "go.sum"]) hash.update(await readFile(join(moduleDir, file)));
  return hash.digest("hex").slice(0, 32);
}

/** What Go wrote to its standard output. */
function go(cwd: string, args: string[]): Promise<string> {
  const env = { ...process.env, GOTOOLCHAIN: "local", GOFLAGS: "", GOWORK: "off", CGO_ENABLED: "0" };
  return new Promise((resolve, reject) => {
    const child = spawn("go", args, { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
    const stop = () => child.kill("SIGTERM");
    process.once("exit", stop);
    const output: Buffer[] = [];
    const complaints: Buffer[] = [];
    child.stdout.on("data", (chunk: Buffer) => output.push(chunk));
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
      if (code === 0) return resolve(Buffer.concat(output).toString());
      const tail = Buffer.concat(complaints).toString().trim().split("\n").slice(-20).join("\n");
      reject(new ToolUnavailableError(`go ${args[0]} ${args.at(-1)} ended with ${code}:\n${tail}`));
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
