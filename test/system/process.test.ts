import { createHash, generateKeyPairSync } from "node:crypto";
import {
  copyFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { freePort } from "../stage/free-port.ts";
import { type HmsProcess, startHms } from "../stage/process.ts";
import { type Stage, setStage } from "../stage/stage.ts";
import { WITHIN_MS } from "../stage/within.ts";
import { concluded, gauge, metrics, openPull, stillWorks, until } from "./scene.ts";

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const LEASED = 'hms_queue_keys{state="leased"}';
const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const BUNDLE = join(ROOT, "policies/dist");
let stage: Stage;
let directory: string;
beforeAll(async () => {
  stage = await setStage();
  directory = mkdtempSync(join(tmpdir(), "hms-process-"));
});
afterAll(async () => {
  rmSync(directory, { recursive: true, force: true });
  await stage.close();
});

/** The environment of the stage's process, on a port and a directory of its own. */
async function environment(change: Record<string, string>): Promise<Record<string, string>> {
  const HMS_DATA_DIR = mkdtempSync(join(directory, "data-"));
  return { ...stage.environment, PORT: String(await freePort()), HMS_DATA_DIR, ...change };
}

/** A process that is expected to end by itself: its exit code and what it said. */
async function refused(change: Record<string, string>): Promise<{ code: number | string; said: string }> {
  const hms = await startHms(await environment(change), { dontWait: true });
  const code = await ended(hms);
  return { code, said: hms.output() };
}

async function ended(hms: HmsProcess): Promise<number | string> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`it did not end:\n${hms.output()}`)), WITHIN_MS);
  });
  try {
    return await Promise.race([hms.exited, late]);
  } finally {
    clearTimeout(timer);
    await hms.kill("SIGKILL");
  }
}

describe.concurrent("an environment that cannot be used is refused with the variable's name", () => {
  test.each([
    ["WEBHOOK_SECRET", ""],
    ["WEBHOOK_SECRET", "   "],
    ["PORT", "http"],
    ["HMS_STORE_URL", "nats://localhost"],
    ["HMS_CHECKER_URL", "localhost:8181"],
  ])("%s=%j", async (name, value) => {
    const { code, said } = await refused({ [name]: value });
    expect(code).toBe(78);
    expect(said).toContain(name);
    expect(said).not.toContain("    at ");
  });

  test("all of it at once", async () => {
    const { code, said } = await refused({ WEBHOOK_SECRET: "", APP_ID: "", PRIVATE_KEY: "" });
    expect(code).toBe(78);
    for (const name of ["WEBHOOK_SECRET", "APP_ID", "PRIVATE_KEY"]) expect(said).toContain(name);
  });

  test("a broken private key is not quoted", async () => {
    const broken = (stage.environment.PRIVATE_KEY ?? "").slice(0, 400);
    const { code, said } = await refused({ PRIVATE_KEY: broken });
    expect(code).toBe(78);
    expect(said).not.toContain(broken.slice(100, 160));
  });
});

describe.concurrent("a policy bundle that does not load: it refuses to start and says so", () => {
  const bundle = (name: string, write: (path: string) => void): string => {
    const path = join(directory, name);
    write(path);
    return path;
  };
  const wasm = join(BUNDLE, "policy.wasm");
  test.each<[string, () => string]>([
    ["is not there", () => join(directory, "nowhere.wasm")],
    ["is junk", () => bundle("junk.wasm", (path) => writeFileSync(path, "junk"))],
    ["is empty", () => bundle("empty.wasm", (path) => writeFileSync(path, ""))],
    [
      "is WebAssembly but no policy",
      () => bundle("other.wasm", (path) => writeFileSync(path, Buffer.from("0061736d01000000", "hex"))),
    ],
    ["is a directory without a policy", () => directory],
    [
      "has another digest than it is pinned to",
      () => `${bundle("own.wasm", (path) => copyFileSync(wasm, path))}#sha256:${"0".repeat(64)}`,
    ],
  ])("%s", async (_what, path) => {
    const { code, said } = await refused({ HMS_POLICY_BUNDLE: path() });
    expect(code).toBe(1);
    expect(said).toMatch(/hms: cannot start: .*(?:bundle|polic)/i);
    expect(said).not.toContain("listening");
    expect(said).not.toContain("    at ");
  });
});

test("the port is in use: it ends and says so", async () => {
  const { code, said } = await refused({ PORT: stage.environment.PORT ?? "" });
  expect(code).toBe(1);
  expect(said).toContain("EADDRINUSE");
});

test("a directory that cannot be written", async () => {
  const file = join(directory, "a-file");
  writeFileSync(file, "");
  const { code, said } = await refused({ HMS_DATA_DIR: join(file, "data") });
  expect(code).toBe(1);
  expect(said).toMatch(/hms: cannot start: .+/);
});

test("a second process on the same file: refused, and the first goes on", async () => {
  const { code, said } = await refused({ HMS_DATA_DIR: stage.environment.HMS_DATA_DIR ?? "" });
  expect(code).toBe(1);
  expect(said).toMatch(/hms: cannot start: .+/);
  await stillWorks(stage, stage.repository);
});

describe.concurrent("credentials that GitHub does not take: it ends, names the variables, and prints no key", () => {
  const anotherKey = () =>
    generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey.export({ type: "pkcs8", format: "pem" }).toString();
  test.each<[string, () => Record<string, string>]>([
    ["an App id that it does not know", () => ({ APP_ID: "999999" })],
    ["a key that is not the App's", () => ({ PRIVATE_KEY: anotherKey() })],
  ])("%s", async (_what, change) => {
    const { code, said } = await refused(change());
    expect(code).toBe(78);
    for (const name of ["APP_ID", "PRIVATE_KEY", "GITHUB_API_URL"]) expect(said).toContain(name);
    expect(said).not.toContain("listening");
    expect(said).not.toContain("BEGIN");
    expect(said).not.toContain((stage.environment.PRIVATE_KEY ?? "").split("\n")[3]);
  });
});

test("a GitHub that is away: it warns, starts, and is ready", async () => {
  const hms = await startHms(await environment({ GITHUB_API_URL: `http://127.0.0.1:${await freePort()}` }));
  try {
    expect(hms.output()).toContain("GitHub could not be asked whether the App's credentials are right");
    expect((await fetch(`${hms.url}/readyz`)).status).toBe(200);
  } finally {
    expect(await hms.kill("SIGTERM")).toBe(0);
  }
});

test("a checkout in a directory with a blank in its name finds its own policies", async () => {
  const checkout = join(directory, "my checkout");
  mkdirSync(checkout);
  for (const name of ["src", "policies", "package.json"])
    cpSync(join(ROOT, name), join(checkout, name), { recursive: true });
  symlinkSync(join(ROOT, "node_modules"), join(checkout, "node_modules"));
  const hms = await startHms(await environment({}), { program: join(checkout, "src/main.ts") });
  expect(await hms.kill("SIGTERM")).toBe(0);
});

test("a bare .wasm, pinned by the file's own SHA-256", async () => {
  const path = join(directory, "policy.wasm");
  copyFileSync(join(BUNDLE, "policy.wasm"), path);
  const sha256 = createHash("sha256").update(readFileSync(path)).digest("hex");
  const hms = await startHms(await environment({ HMS_POLICY_BUNDLE: `${path}#sha256:${sha256}` }));
  expect(hms.output()).toContain(`"policyBundle":"sha256:${sha256}"`);
  expect(await hms.kill("SIGTERM")).toBe(0);
});

describe("what it answers", () => {
  test("/healthz and /readyz", async () => {
    for (const path of ["/healthz", "/readyz"]) {
      const response = await fetch(`${stage.hms.url}${path}`);
      expect(response.status, path).toBe(200);
      expect(response.headers.get("content-type")).toContain("application/json");
    }
  });

  test("/metrics, in the format of Prometheus", async () => {
    const response = await fetch(`${stage.hms.url}/metrics`);
    expect(response.headers.get("content-type")).toContain("text/plain");
    const text = await response.text();
    for (const name of ["hms_deliveries_total", "hms_reconcile_seconds", "hms_github_call_seconds", "hms_queue_keys"])
      expect(text).toContain(`# TYPE ${name} `);
  });

  test("/schema/hms.json, under its public name", async () => {
    const schema = (await (await fetch(`${stage.hms.url}/schema/hms.json`)).json()) as Record<string, unknown>;
    expect(schema.$id).toMatch(/\/schema\/hms\.json$/);
    expect(schema).toMatchObject({ type: "object", additionalProperties: false });
  });

  test("a front page that runs no script but our own file, and nothing else", async () => {
    const response = await fetch(`${stage.hms.url}/`);
    expect(response.headers.get("content-security-policy")).toContain("default-src 'none'");
    expect(await response.text()).not.toMatch(/<script(?! type="module" src="\/assets\/)/);
    for (const path of ["/api/v1/keys", "/../package.json", "/%2e%2e/package.json", "/setup", "/healthz/x"])
      expect((await fetch(`${stage.hms.url}${path}`)).status, path).toBe(404);
  });
});

describe("how it ends", () => {
  test.each(["SIGTERM", "SIGINT"] as const)("%s: exit code 0, what was under way is finished", async (signal) => {
    const pull = await openPull(stage, stage.repository);
    await stage.github.deliveriesSettled();
    const code = await stage.hms.kill(signal);
    expect(code).toBe(0);
    expect(stage.hms.output()).toContain("stopped");
    stage.hms = await startHms(stage.environment);
    await concluded(stage, pull, "success");
  });

  test.each([
    ["SIGTERM", 1],
    ["SIGINT", 130],
  ] as const)("a second %s does not wait for a call that hangs; the key is taken up again", async (signal, code) => {
    const undo = stage.github.fault({ path: /\/pulls\/\d+$/, delayMs: 20_000 });
    try {
      const pull = await openPull(stage, stage.repository);
      // The sweep of the start leases keys too, for a moment; a run that hangs keeps its lease.
      let held = 0;
      await until(stage, "a run hangs", async () => {
        held = gauge(await metrics(stage), LEASED) > 0 ? held + 1 : 0;
        return held >= 25;
      });
      void stage.hms.kill(signal);
      // Signals of one kind that wait for the process are one: the second has to come after the first was taken.
      await until(stage, "it drains", async () => !(await fetch(`${stage.hms.url}/readyz`).catch(() => undefined))?.ok);
      void stage.hms.kill(signal);
      expect(await ended(stage.hms)).toBe(code);
      undo();
      stage.hms = await startHms(stage.environment);
      await concluded(stage, pull, "success");
    } finally {
      undo();
    }
  });
});
