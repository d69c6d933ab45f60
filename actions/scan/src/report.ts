import { createHash } from "node:crypto";
import { lstat, readdir, readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { gzipSync } from "node:zlib";
import { getIDToken, getInput, info, setSecret } from "@actions/core";
import { matching, readAsked } from "./inputs.ts";
import { post } from "./post.ts";
import { REPORT_FILE } from "./scan.ts";
import { ScanFailure } from "./scan-failure.ts";

const MAX_FILE_BYTES = 200 * 1024 * 1024;
const MAX_PACKED_BYTES = 10 * 1024 * 1024;
const MAX_REASON_CHARS = 1_500;

/** Hands what the scan job left to HMS-SYS; where it failed or left nothing that can be taken, that is what is reported. */
export async function report(): Promise<void> {
  const asked = readAsked();
  const nonce = matching("nonce", /^[\x21-\x7e]{16,200}$/, "what HMS-SYS gave");
  setSecret(nonce);
  const base = readUrl();
  const result = await resultOfScan();
  const newToken = () => identityFor(base);
  const headers = {
    "hms-scan-nonce": nonce,
    "hms-scan-sha": asked.sha,
    "hms-scan-outcome": result.outcome,
  };
  const url = `${base}/api/v1/scans/${asked.scan}/report`;
  if (result.outcome === "failed") {
    await post(
      url,
      newToken,
      { ...headers, "content-type": "application/json" },
      Buffer.from(JSON.stringify({ reason: result.reason })),
    );
    throw new ScanFailure(`HMS-SYS was told that the scan failed: ${result.reason}`);
  }
  const packed = { "content-type": "application/sarif+json", "content-encoding": "gzip" };
  await post(url, newToken, { ...headers, ...packed }, result.packed);
  info(`HMS-SYS took the report (${result.packed.length} bytes, SHA-256 of the file ${result.digest}).`);
}

async function identityFor(audience: string): Promise<string> {
  try {
    return await getIDToken(audience);
  } catch (error) {
    throw new ScanFailure(
      `GitHub gives this job no identity token; it needs permissions: id-token: write (${(error as Error).message})`,
    );
  }
}

type Outcome = { outcome: "completed"; packed: Buffer; digest: string } | { outcome: "failed"; reason: string };

async function resultOfScan(): Promise<Outcome> {
  const outcome = getInput("outcome");
  if (outcome === "success") return readArtifact(resolve(getInput("artifact")));
  const said = getInput("reason")
    .replace(/\p{Cc}/gu, " ")
    .slice(0, MAX_REASON_CHARS);
  if (outcome === "cancelled")
    return { outcome: "failed", reason: said || "The scan job was cancelled, or took longer than it may." };
  return {
    outcome: "failed",
    reason:
      said ||
      `The scan job ended as ${outcome.replace(/\W/g, " ").slice(0, 20) || "nobody knows what"} and gave no reason; its log may.`,
  };
}

/** Exactly one regular file of the one name is looked at; whatever else an artifact may hold is a reason not to take it. */
async function readArtifact(folder: string): Promise<Outcome> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT" || error.code === "ENOTDIR") return [];
    throw error;
  });
  if (names.length !== 1 || names[0] !== REPORT_FILE)
    return { outcome: "failed", reason: `The scan job's artifact does not hold ${REPORT_FILE} and nothing else.` };
  const path = join(folder, REPORT_FILE);
  const found = await lstat(path);
  if (!found.isFile()) return { outcome: "failed", reason: "What the scan job handed on is no regular file." };
  if (found.size === 0) return { outcome: "failed", reason: "The report of the scan job is empty." };
  if (found.size > MAX_FILE_BYTES)
    return { outcome: "failed", reason: `The report has ${found.size} bytes; ${MAX_FILE_BYTES} at most are taken.` };
  const content = await readFile(path);
  const packed = gzipSync(content, { level: 9 });
  if (packed.length > MAX_PACKED_BYTES)
    return {
      outcome: "failed",
      reason: `The report has ${packed.length} bytes as gzip; ${MAX_PACKED_BYTES} at most are taken.`,
    };
  return { outcome: "completed", packed, digest: createHash("sha256").update(content).digest("hex") };
}

/** Without a slash at the end. Only this machine may be spoken to in the clear. */
function readUrl(): string {
  const given = getInput("url");
  if (given === "")
    throw new ScanFailure(
      "The Actions variable HMS_URL is not set: give the repository or the organisation one with the address of HMS-SYS (HMS_PUBLIC_URL there).",
    );
  const url = URL.parse(given);
  const local = url !== null && ["127.0.0.1", "localhost", "[::1]"].includes(url.hostname);
  if (
    url === null ||
    !(url.protocol === "https:" || (url.protocol === "http:" && local)) ||
    url.username !== "" ||
    url.search !== "" ||
    url.hash !== ""
  )
    throw new ScanFailure("The Actions variable HMS_URL is not an https address without a user, query or fragment.");
  return given.replace(/\/+$/, "");
}
