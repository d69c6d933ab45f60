import { type ChildProcess, spawn } from "node:child_process";
import { Agent, request } from "node:http";
import { openWasmChecker } from "../../src/adapters/opa/wasm-checker.ts";
import { mergeInput } from "../../src/gate/gate.ts";
import { ensureTool, ToolUnavailableError } from "../real/tools.ts";
import { freePort } from "../stage/free-port.ts";
import { median, percentile, perSecond, type Row } from "./row.ts";

const POLICIES = new URL("../../policies", import.meta.url).pathname;
const DATA_PATH = "/v1/data/hms/decision";
const FINDINGS = 50;
const ROUNDS = 5;
const ROUND_MS = 1500;
const GOAL = 10;

/** The same policy on the same input, in process and on a real OPA server on loopback, in turns. */
export async function decisions(): Promise<Row[]> {
  const input = mergeInput(snapshot());
  const checker = await openWasmChecker({ path: `${POLICIES}/dist` });
  const { verdict } = await checker.evaluate(input);
  if (verdict.allow || verdict.deny.length === 0) throw new Error("the input was meant to be denied");
  const server = await startOpa().catch((error: unknown) => {
    if (error instanceof ToolUnavailableError) return undefined;
    throw error;
  });
  try {
    const body = JSON.stringify({ input });
    const contenders = [
      { name: "embedded", connections: 0, rates: [] as number[] },
      { name: "OPA server", connections: 1, rates: [] as number[] },
      { name: "OPA server", connections: 16, rates: [] as number[] },
    ];
    const times: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      for (const { connections, rates } of contenders) {
        if (connections === 0) rates.push(await embedded(() => checker.evaluate(input), times));
        else if (server) rates.push(await served(server.port, body, connections));
      }
    }
    const own = median(contenders[0]?.rates ?? []);
    const size = `${FINDINGS} findings, ${(Buffer.byteLength(JSON.stringify(input)) / 1024).toFixed(1)} KB`;
    return contenders.flatMap(({ connections, rates }): Row[] => {
      if (connections === 0) {
        const p99 = (percentile(times, 0.99) * 1000).toFixed(0);
        return [{ bench: "decisions", what: `embedded, ${size} (p99 ${p99} µs)`, figure: perSecond(own) }];
      }
      const what = `embedded against OPA server, ${connections} connection${connections > 1 ? "s" : ""}`;
      if (!server)
        return [{ bench: "decisions", what, figure: "not measured: Go is not installed", goal: `≥ ${GOAL}` }];
      const ratio = own / median(rates);
      const floor = perSecond(median(rates));
      return [
        { bench: "decisions", what, figure: perSecond(own), floor, ratio, goal: `≥ ${GOAL}`, met: ratio >= GOAL },
      ];
    });
  } finally {
    await server?.stop();
  }
}

async function embedded(decide: () => Promise<unknown>, times: number[]): Promise<number> {
  const started = performance.now();
  let count = 0;
  let now = started;
  while (now - started < ROUND_MS) {
    await decide();
    const after = performance.now();
    times.push(after - now);
    now = after;
    count++;
  }
  return (count / (now - started)) * 1000;
}

async function served(port: number, body: string, connections: number): Promise<number> {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const started = performance.now();
  let count = 0;
  await Promise.all(
    Array.from({ length: connections }, async () => {
      while (performance.now() - started < ROUND_MS) {
        const answer = await post(agent, port, body);
        if (!answer.includes('"allow":false')) throw new Error(`OPA answered ${answer.slice(0, 200)}`);
        count++;
      }
    }),
  );
  agent.destroy();
  return (count / (performance.now() - started)) * 1000;
}

function post(agent: Agent, port: number, body: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const headers = { "content-type": "application/json", "content-length": Buffer.byteLength(body) };
    const sent = request({ agent, port, host: "127.0.0.1", path: DATA_PATH, method: "POST", headers }, (response) => {
      let text = "";
      response.on("data", (chunk) => {
        text += chunk;
      });
      response.on("end", () => resolve(text));
      response.on("error", reject);
    });
    sent.on("error", reject);
    sent.end(body);
  });
}

async function startOpa(): Promise<{ port: number; stop(): Promise<void> }> {
  const opa = await ensureTool("opa");
  const port = await freePort();
  // Its tests and the compiled policy are no part of what it serves.
  const args = ["run", "--server", "--addr", `127.0.0.1:${port}`, "--log-level", "error", "--disable-telemetry"];
  const child = spawn(opa, [...args, "--ignore", "*_test.rego", "--ignore", "dist", POLICIES], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  const kill = () => child.kill("SIGKILL");
  process.once("exit", kill);
  const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const stop = async () => {
    kill();
    await exited;
    process.removeListener("exit", kill);
  };
  await healthy(child, port).catch(async (error: unknown) => {
    await stop();
    throw error;
  });
  return { port, stop };
}

async function healthy(child: ChildProcess, port: number): Promise<void> {
  for (let i = 0; i < 200; i++) {
    if (child.exitCode !== null) throw new Error(`OPA ended with ${child.exitCode}`);
    const response = await fetch(`http://127.0.0.1:${port}/health`).catch(() => undefined);
    await response?.body?.cancel();
    if (response?.ok) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error("OPA did not become healthy");
}

function snapshot(): Parameters<typeof mergeInput>[0] {
  const sha = "4".repeat(40);
  return {
    repository: { id: 1, owner: "acme", name: "shop", defaultBranch: "main" },
    pull: {
      number: 7,
      title: "Count the cart",
      state: "open",
      merged: false,
      draft: false,
      headSha: sha,
      headRef: "cart",
      fork: false,
      baseRef: "main",
      baseSha: "5".repeat(40),
      author: { login: "ada", id: 1, type: "User" },
      authorAssociation: "MEMBER",
      labels: ["urgent"],
      commits: 3,
      changedFiles: 12,
      url: "",
    },
    lastPusher: { id: 1, login: "ada" },
    config: {
      valid: true,
      mode: "enforce",
      required_scans: ["secrets"],
      approvals: { count: 0, carry: "content-neutral", bots: [] },
      overrides: [],
    },
    approvals: [],
    changedFiles: null,
    requiredReviews: [],
    touchesTrustedPaths: [],
    scans: [{ kind: "secrets", status: "completed", sha, findings: findings(sha), scannedCommits: 3, notes: [] }],
    hold: null,
    overrides: [],
    okToTest: null,

    preview: null,
    unknown: [],
  };
}

type Findings = Extract<Parameters<typeof mergeInput>[0]["scans"][number], { status: "completed" }>["findings"];

/** Every tenth blocks; the rest is what a policy reads and lets pass. */
function findings(sha: string): Findings {
  return Array.from({ length: FINDINGS }, (_, i) => ({
    rule: `secrets/rule-${i % 7}`,
    severity: i % 10 === 0 ? "high" : "low",
    message: "A token was found.",
    remedy: "Revoke it.",
    location: { path: `src/file-${i}.ts`, line: i + 1, commit: sha },
    fingerprint: i.toString(16).padStart(12, "0"),
  }));
}
