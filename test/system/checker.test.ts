import { createHash } from "node:crypto";
import { renameSync, writeFileSync } from "node:fs";
import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { tarGz } from "../adapters/opa/archive.ts";
import { policyWasm } from "../adapters/opa/bundle-policy.ts";
import { bodies, policyThat } from "../adapters/opa/rewritten-policy.ts";
import { startHms } from "../stage/process.ts";
import { type Stage, setStage } from "../stage/stage.ts";
import { checks, concluded, gauge, metrics, openPull, until } from "./scene.ts";

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const TOKEN = "planted-token-of-the-opa-server";
const YES = { allow: true, deny: [], waiting: [], warn: [] };
const NO = { ...YES, allow: false, deny: [{ rule: "no", message: "No.", remedy: "Ask.", controls: [] }] };
const gateText = (stage: Stage, at: { repository: Stage["repository"]; sha: string }) => {
  const run = checks(stage, at.repository, at.sha).at(-1);
  return `${run?.output.title}\n${run?.output.summary}\n${run?.output.text}`;
};
const readiness = async (stage: Stage) =>
  (await fetch(`${stage.hms.url}/readyz`)).json() as Promise<{ checker?: string }>;

describe("an OPA server as the checker", () => {
  let stage: Stage;
  let opa: Server;
  let answer: (response: ServerResponse) => void;
  const says = (result: unknown, revision: string | undefined) => (response: ServerResponse) =>
    void response.end(JSON.stringify({ result, provenance: { bundles: { acme: { revision } } } }));

  beforeAll(async () => {
    answer = says(YES, "v1");
    opa = createServer((request, response) => {
      if (request.headers.authorization === `Bearer ${TOKEN}`) answer(response);
      else response.writeHead(401).end();
    });
    await new Promise<void>((resolve) => opa.listen(0, "127.0.0.1", resolve));
    const url = `http://127.0.0.1:${(opa.address() as AddressInfo).port}`;
    stage = await setStage({
      environment: { HMS_CHECKER_URL: url, HMS_CHECKER_TOKEN: TOKEN, HMS_RESYNC_INTERVAL: "1s" },
    });
  });
  afterAll(async () => {
    await stage?.close();
    opa.closeAllConnections();
    opa.close();
  });

  test("it decides; away it decides nothing, and what it decided stands; another policy is asked about everything", async () => {
    const label = (method: string, name = "") =>
      stage.as(
        "linus",
        method,
        `/repos/${stage.repository.fullName}/issues/${first.number}/labels${name}`,
        ...(name ? [] : [{ labels: ["later"] }]),
      );
    const first = await openPull(stage, stage.repository);
    await concluded(stage, first, "success");
    const decision = /dec_[0-9a-z]{26}/.exec(gateText(stage, first))?.[0] ?? "none";
    expect(gateText(stage, first)).toMatch(/opa:[0-9a-f]{8}:acme/);
    expect((await label("POST")).status).toBe(200);
    await until(stage, "the label is judged", () => !gateText(stage, first).includes(decision));

    answer = (response) => void response.writeHead(200).end("<html>Sign in</html>");
    const second = await openPull(stage, stage.repository);
    await concluded(stage, second, "in_progress");
    expect(gateText(stage, second)).toContain("Not decided yet: The policy checker could not decide");
    await until(stage, "readiness says it", async () => (await readiness(stage)).checker);
    expect(gauge(await metrics(stage), "hms_checker_healthy")).toBe(0);

    await label("DELETE", "/later");
    await until(stage, "the earlier decision stands", () => gateText(stage, first).includes(decision));
    expect(gateText(stage, first)).toContain("The policy checker is away");
    expect(checks(stage, first.repository, first.sha).at(-1)?.conclusion).toBe("success");

    await stage.restart("SIGKILL");
    await until(stage, "it knows again that nothing is decided", async () => (await readiness(stage)).checker);
    const third = await openPull(stage, stage.repository);
    await concluded(stage, third, "in_progress");
    expect(checks(stage, first.repository, first.sha).at(-1)?.conclusion).toBe("success");

    answer = says(NO, "v2");
    await until(stage, "it is asked again", async () => (await readiness(stage)).checker === undefined);
    for (const pull of [first, second, third]) await concluded(stage, pull, "failure");
    expect(gauge(await metrics(stage), "hms_checker_healthy")).toBe(1);

    // Without a revision nothing tells one policy from the next: every sweep asks about everything.
    for (const [verdict, wanted] of [
      [YES, "success"],
      [NO, "failure"],
    ] as const) {
      answer = says(verdict, undefined);
      for (const pull of [first, second, third]) await concluded(stage, pull, wanted);
      expect(gateText(stage, first)).toContain("unversioned:");
    }
    expect(stage.hms.output()).not.toContain(TOKEN);
  });
});

describe("an organisation's own bundle", () => {
  let stage: Stage;
  afterAll(() => stage?.close());

  test("loops: the process answers meanwhile, and the gate is never green; replaced: all is judged again", async () => {
    const policy = (wasm: Uint8Array): void => {
      writeFileSync(`${path}.new`, tarGz([{ path: "policy.wasm", bytes: wasm }]));
      renameSync(`${path}.new`, path);
    };
    stage = await setStage({ withoutHms: true });
    const path = join(stage.environment.HMS_DATA_DIR ?? "", "bundle.tar.gz");
    policy(policyThat(bodies.loopsForever));
    stage.environment.HMS_POLICY_BUNDLE = path;
    stage.environment.HMS_RESYNC_INTERVAL = "2s";
    stage.hms = await startHms(stage.environment);
    const pull = await openPull(stage, stage.repository);
    let answered = 0;
    await until(stage, "it took too long", async () => {
      expect((await fetch(`${stage.hms.url}/healthz`)).status).toBe(200);
      answered++;
      return gateText(stage, pull).includes("longer than 250 ms");
    });
    expect(answered).toBeGreaterThan(1);
    expect(checks(stage, pull.repository, pull.sha).at(-1)?.status).toBe("in_progress");

    writeFileSync(path, "broken");
    await until(stage, "the last good bundle is kept", async () => (await readiness(stage)).checker);
    // Whoever may ask is not told where it lies.
    expect((await readiness(stage)).checker).not.toContain(stage.environment.HMS_DATA_DIR);
    expect(gauge(await metrics(stage), "hms_checker_healthy")).toBe(0);
    policy(policyWasm);
    await concluded(stage, pull, "success");
    const before = gateText(stage, pull);
    policy(Buffer.concat([policyWasm, Uint8Array.of(0, 2, 1, 0x78)]));
    await until(stage, "judged under the new bundle", () => gateText(stage, pull) !== before);
    expect(checks(stage, pull.repository, pull.sha).at(-1)?.conclusion).toBe("success");
    await until(stage, "all is well", async () => (await readiness(stage)).checker === undefined);
  });
});

test("a bundle from a URL: fetched once, in force again while its server is away", async () => {
  const packed = tarGz([{ path: "policy.wasm", bytes: policyWasm }]);
  let asked = 0;
  const artifacts = createServer((_request, response) => {
    asked++;
    response.end(packed);
  });
  await new Promise<void>((resolve) => artifacts.listen(0, "127.0.0.1", resolve));
  const { port } = artifacts.address() as AddressInfo;
  const sha256 = createHash("sha256").update(packed).digest("hex");
  const stage = await setStage({
    environment: { HMS_POLICY_BUNDLE: `http://127.0.0.1:${port}/bundle.tar.gz#sha256:${sha256}` },
  });
  try {
    artifacts.closeAllConnections();
    artifacts.close();
    await stage.restart("SIGKILL");
    await concluded(stage, await openPull(stage, stage.repository), "success");
    expect(asked).toBe(1);
  } finally {
    await stage.close();
  }
});
