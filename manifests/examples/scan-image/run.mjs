import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { gzipSync } from "node:zlib";

/* What the image runs: one scan, and its one report. The contract stands in docs/scans.md. */

const { HMS_KIND, HMS_TOOL, HMS_TARGET, HMS_SCAN, HMS_SHA, HMS_REPORT_URL, HMS_TOKEN_FILE, HMS_NONCE_FILE } =
  process.env;
const ATTEMPTS = 6;
const work = mkdtempSync(join(tmpdir(), "scan-"));

/** The Action does for a preview what it does in a workflow; its inputs and outputs are those of a runner. */
function scanPreview() {
  const outputs = join(work, "outputs");
  writeFileSync(outputs, "");
  const minutes = Math.max(1, Math.floor(Number(process.env.HMS_TIMEOUT_SECONDS) / 60) - 1);
  const inputs = { mode: "scan", kind: HMS_KIND, tool: HMS_TOOL, scan: HMS_SCAN, sha: HMS_SHA, target: HMS_TARGET };
  const env = { ...process.env, HOME: work, RUNNER_TEMP: work, GITHUB_OUTPUT: outputs, GITHUB_STEP_SUMMARY: outputs };
  for (const [name, value] of Object.entries({ ...inputs, "timeout-minutes": String(minutes) }))
    env[`INPUT_${name.toUpperCase()}`] = value;
  const end = spawnSync(process.execPath, [new URL("scan/dist/index.js", import.meta.url).pathname], {
    env,
    stdio: "inherit",
  });
  const path = /^sarif<<(\S+)\n(.*)\n\1$/m.exec(readFileSync(outputs, "utf8"))?.[2];
  if (end.status !== 0 || path === undefined) throw new Error(`the Action ended with ${end.status}`);
  return readFileSync(path);
}

function scanImage() {
  const sarif = join(work, "image.sarif");
  const args = ["image", "--quiet", "--format", "sarif", "--output", sarif, "--cache-dir", join(work, "cache")];
  const end = spawnSync("trivy", [...args, "--", HMS_TARGET ?? ""], {
    stdio: "inherit",
    env: { ...process.env, HOME: work },
  });
  if (end.status !== 0) throw new Error(`trivy ended with ${end.status}`);
  return readFileSync(sarif);
}

async function post(outcome, headers, body) {
  for (let attempt = 1; ; attempt++) {
    const answer = await fetch(HMS_REPORT_URL ?? "", {
      method: "POST",
      redirect: "manual",
      headers: {
        authorization: `Bearer ${readFileSync(HMS_TOKEN_FILE ?? "", "utf8")}`,
        "hms-scan-nonce": readFileSync(HMS_NONCE_FILE ?? "", "utf8"),
        "hms-scan-sha": HMS_SHA ?? "",
        "hms-scan-outcome": outcome,
        ...headers,
      },
      body,
    }).catch((error) => ({ status: 503, text: async () => String(error) }));
    if (answer.status === 202) return;
    console.error(`HMS-SYS answered ${answer.status}: ${await answer.text()}`);
    if (attempt === ATTEMPTS || (answer.status !== 429 && answer.status < 500)) process.exit(1);
    await pause(2 ** attempt * 1000);
  }
}

try {
  const sarif = HMS_KIND === "image" ? scanImage() : scanPreview();
  await post("completed", { "content-type": "application/sarif+json", "content-encoding": "gzip" }, gzipSync(sarif));
} catch (error) {
  console.error(error);
  await post(
    "failed",
    { "content-type": "application/json" },
    JSON.stringify({ reason: String(error).slice(0, 1000) }),
  );
  process.exit(1);
}
