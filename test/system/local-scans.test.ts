import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { readSettings } from "../../src/config/settings.ts";
import { type Stage, setStage } from "../stage/stage.ts";
import { sarifOf, scanned, waiting } from "./scans-scene.ts";
import { checks, concluded, openPull, until } from "./scene.ts";

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

/* Scans that are programs on the machine of HMS-SYS, for development. */

const directory = mkdtempSync(join(tmpdir(), "hms-local-"));
let stage: Stage;

/** What the image of the recipe runs. */
const RECIPE = fileURLToPath(new URL("../../manifests/examples/scan-image/run.mjs", import.meta.url));

/** Finds a flaw in the commits that its folder names, and nothing in others; fails where it is told to. */
const PROGRAM = `#!${process.execPath}
const { existsSync, readFileSync, writeFileSync } = require("node:fs");
const { gzipSync } = require("node:zlib");
const { env } = process;
const at = (name) => "${directory}/" + name;
if (env.HMS_KIND === "image") {
  const path = "${directory}:" + env.PATH;
  require("node:child_process").spawnSync(process.execPath, ["${RECIPE}"], { env: { ...env, PATH: path } });
  process.exit(0);
}
writeFileSync(at("seen"), JSON.stringify(Object.keys(env)));
if (existsSync(at("silent"))) process.exit(3);
if (existsSync(at("slow"))) {
  writeFileSync(at("pid"), String(process.pid));
  setInterval(() => {}, 1000);
  return;
}
const sarif = existsSync(at(env.HMS_SHA)) ? readFileSync(at("flaw")) : readFileSync(at("none"));
fetch(env.HMS_REPORT_URL, {
  method: "POST",
  headers: {
    authorization: "Bearer " + readFileSync(env.HMS_TOKEN_FILE, "utf8"),
    "hms-scan-nonce": readFileSync(env.HMS_NONCE_FILE, "utf8"),
    "hms-scan-sha": env.HMS_SHA,
    "hms-scan-outcome": "completed",
    "content-type": "application/sarif+json",
    "content-encoding": "gzip",
  },
  body: gzipSync(sarif),
});
`;

beforeAll(async () => {
  const program = join(directory, "scan");
  writeFileSync(program, PROGRAM);
  chmodSync(program, 0o755);
  writeFileSync(join(directory, "none"), sarifOf([]));
  writeFileSync(join(directory, "flaw"), sarifOf([{ rule: "eval", path: "a.js" }]));
  stage = await setStage({ environment: { HMS_SCAN_LOCAL: program } });
});
afterAll(async () => {
  await stage?.close();
  rmSync(directory, { recursive: true, force: true });
});

test("it reports, the check says that it is not for production, and no workflow runs", async () => {
  const repository = await scanned(stage, "{ leaks: { tool: sarif } }");
  const pull = await openPull(stage, repository);
  const green = await concluded(stage, pull, "success", "hms/scan/leaks");
  expect(green.output.summary).toContain("Local runner: not for production");
  expect(waiting(stage, repository)).toEqual([]);
  await concluded(stage, pull, "success");
  // Nothing else of what HMS-SYS knows.
  const variables = JSON.parse(readFileSync(join(directory, "seen"), "utf8")) as string[];
  expect(
    variables.filter(
      (name) =>
        !/^(HMS_(REPORT_URL|TOKEN_FILE|NONCE_FILE|SCAN|SHA|BASE|KIND|TOOL|TARGET|TIMEOUT_SECONDS)|PATH|HOME)$/.test(
          name,
        ),
    ),
  ).toEqual([]);
});

test("what it finds blocks", async () => {
  const repository = await scanned(stage, "{ leaks: { tool: sarif } }");
  const sha = await stage.github.commit(repository, "flawed", {
    files: { "a.js": "eval(x)\n" },
    author: "ada",
    message: "Evaluate",
    from: "main",
  });
  writeFileSync(join(directory, sha), "");
  const { number } = await stage.github.openPull(repository, { head: "flawed", base: "main", author: "ada" });
  expect(number).toBe(1);
  await concluded(stage, { repository, sha }, "failure", "hms/scan/leaks");
});

test("the recipe of the image hands on what trivy found, and that it failed", async () => {
  const image = '{ image: { tool: sarif, runs_on: cluster, image: "ghcr.io/acme/web:{{head_sha}}" } }';
  const trivy = join(directory, "trivy");
  // Its last argument is the image.
  const found = `for image; do :; done; test -e "${directory}/\${image##*:}" && echo flaw || echo none`;
  writeFileSync(trivy, `#!/bin/sh\ncp "${directory}/$(${found})" "$6"\n`);
  chmodSync(trivy, 0o755);
  const repository = await scanned(stage, image);
  const sha = await stage.github.commit(repository, "flawed", {
    files: { Dockerfile: "FROM old\n" },
    author: "ada",
    message: "Build on an old image",
    from: "main",
  });
  writeFileSync(join(directory, sha), "");
  await stage.github.openPull(repository, { head: "flawed", base: "main", author: "ada" });
  await concluded(stage, { repository, sha }, "failure", "hms/scan/image");
  writeFileSync(trivy, "#!/bin/sh\nexit 4\n");
  const failed = await openPull(stage, await scanned(stage, image));
  const run = await until(stage, "that it failed is told", () => {
    const last = checks(stage, failed.repository, failed.sha, "hms/scan/image").at(-1);
    return last?.output.summary?.includes("trivy ended with 4") ? last : undefined;
  });
  expect(run.conclusion).not.toBe("success");
});

test("it ends without a report: no pass, and that is said too", async () => {
  writeFileSync(join(directory, "silent"), "");
  const repository = await scanned(stage, "{ leaks: { tool: sarif } }");
  const pull = await openPull(stage, repository);
  const check = await until(
    stage,
    "the check says so",
    () => {
      const run = checks(stage, repository, pull.sha, "hms/scan/leaks").at(-1);
      return run?.output.summary?.includes("without a report") ? run : undefined;
    },
    40_000,
  );
  expect(check.conclusion).not.toBe("success");
  expect(check.output.summary).toContain("Local runner: not for production");
  rmSync(join(directory, "silent"));
});

test.each(["SIGTERM", "SIGKILL"] as const)("HMS-SYS ends by %s while it runs: it is begun anew", async (signal) => {
  writeFileSync(join(directory, "slow"), "");
  const repository = await scanned(stage, "{ leaks: { tool: sarif } }");
  const pull = await openPull(stage, repository);
  const pidFile = join(directory, "pid");
  const pid = await until(stage, "the program runs", () =>
    existsSync(pidFile) ? Number(readFileSync(pidFile, "utf8")) : undefined,
  );
  rmSync(join(directory, "slow"));
  rmSync(pidFile);
  await stage.restart(signal);
  await concluded(stage, pull, "success", "hms/scan/leaks");
  // Nobody is there to end it where HMS-SYS was killed.
  if (signal === "SIGKILL") process.kill(pid, "SIGKILL");
  await until(stage, "the first one is gone", () => !existsSync(`/proc/${pid}`));
});

test.each([
  ["https://hms.acme.dev", false],
  ["http://hms.acme.dev", false],
  ["https://127.0.0.1:3000", false],
  ["http://127.0.0.1:3000", true],
  ["http://localhost:3000", true],
])("HMS_PUBLIC_URL=%s: %s", (url, taken) => {
  const read = readSettings({ HMS_SCAN_LOCAL: "/usr/local/bin/scan", HMS_PUBLIC_URL: url });
  const told = "problems" in read ? read.problems.filter((text) => text.startsWith("HMS_SCAN_LOCAL ")) : [];
  expect(told).toHaveLength(taken ? 0 : 1);
});
