import { createHash } from "node:crypto";
import { chmodSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { homeOf } from "../../actions/scan/src/pinned.ts";
import { COMPLETE } from "../../actions/scan/src/program.ts";
import { type ScanStage, startScanStage } from "./scan-stage.ts";

const LOG = '{"version":"2.1.0","runs":[{"tool":{"driver":{"name":"x"}},"results":[]}]}';
/** In the place of trivy and zap, which no test has: prints how it was called and writes where each would. */
const PROGRAM = `#!/bin/sh
echo "called with $*" >&2
echo "called with $*"
for each in "$@"; do
  case "$each" in --output=*) printf '%s' '${LOG}' > "\${each#--output=}" ;; esac
done
case "$*" in *-autorun*) printf '%s' '${LOG}' > "$PWD/zap.sarif" ;; esac
`;

let stage: ScanStage;
let program: string;
let sha: string;
beforeAll(async () => {
  stage = await startScanStage();
  program = join(stage.folder, "program");
  writeFileSync(program, PROGRAM);
  chmodSync(program, 0o755);
  for (const tool of ["TRIVY", "ZAP"]) stage.github.setVariable("acme/shop", `HMS_SCAN_${tool}_PATH`, program);
  sha = await stage.commit({ ".trivyignore": "*\n", "trivy.yaml": "scan: {}\n", "main.tf": "# trivy:ignore:x\n" });
});
afterAll(() => stage.close());

function pin(content: string): void {
  const digest = createHash("sha256").update(content).digest("hex");
  for (const tool of ["TRIVY", "ZAP"]) stage.github.setVariable("acme/shop", `HMS_SCAN_${tool}_DIGEST`, digest);
}

describe("a program that the runner has", () => {
  test.each([
    [
      "trivy",
      "iac",
      "",
      /called with filesystem --scanners=misconfig .*--ignorefile=\S+\/scratch\/ignore-nothing .*\/code\b/,
    ],
    ["trivy", "dependencies", "", /called with filesystem --scanners=vuln /],
    ["trivy", "image", "acme/web:1", /called with image --scanners=vuln .* acme\/web: ?1/],
    ["zap", "dast", "https://pr-1.preview.example.test/", /called with -cmd .*-autorun \S+plan\.yaml/],
  ])("%s for %s is called as its documentation says", async (tool, kind, target, call) => {
    pin(PROGRAM);
    const { jobs } = await stage.play({ tool, kind, target, sha });
    expect(jobs.scan?.log).toMatch(call);
    expect(jobs).toMatchObject({ scan: { conclusion: "success" }, report: { conclusion: "success" } });
  });

  test("is not run with another digest: the job ends before the code is there", async () => {
    pin("another");
    const { jobs, body } = await stage.play({ tool: "trivy", kind: "iac", sha });
    expect(jobs.scan?.log).not.toContain("called with");
    expect(jobs.scan?.steps.find(({ id }) => id === "install")?.conclusion).toBe("failure");
    expect(jobs.scan?.steps.filter(({ conclusion }) => conclusion === "success")).toEqual([]);
    expect(body.reason).toContain("not the one of trivy-digest");
  });

  test("is not run without a digest, and not at all where none is named", async () => {
    stage.github.setVariable("acme/shop", "HMS_SCAN_TRIVY_DIGEST", null);
    expect((await stage.play({ tool: "trivy", kind: "iac", sha })).body.reason).toContain("trivy-digest is not");
    stage.github.setVariable("acme/shop", "HMS_SCAN_TRIVY_PATH", null);
    expect((await stage.play({ tool: "trivy", kind: "iac", sha })).body.reason).toContain("HMS_SCAN_TRIVY_PATH");
  });

  test("is none that a run before left where the pull request's files come", async () => {
    pin(PROGRAM);
    const inside = join(stage.folder, "work");
    mkdirSync(inside, { recursive: true });
    writeFileSync(join(inside, "planted"), PROGRAM, { mode: 0o755 });
    symlinkSync(join(inside, "planted"), join(stage.folder, "a-link"));
    for (const path of [join(inside, "planted"), join(stage.folder, "a-link")]) {
      stage.github.setVariable("acme/shop", "HMS_SCAN_TRIVY_PATH", path);
      const { jobs, body } = await stage.play({ tool: "trivy", kind: "iac", sha }, { workspace: inside });
      expect(jobs.scan?.log).not.toContain("called with");
      expect(body.reason).toContain("leads into the job's own folders");
    }
  });
});

test("osv-scanner is asked again where only the network failed, and not where anything else did", async () => {
  const toolCache = join(stage.folder, "tools");
  vi.stubEnv("RUNNER_TOOL_CACHE", toolCache);
  const home = await homeOf("osv-scanner");
  vi.unstubAllEnvs();
  mkdirSync(home, { recursive: true });
  writeFileSync(join(home, COMPLETE), "");
  const tries = join(stage.folder, "tries");
  const failing = (complaint: string) => {
    rmSync(tries, { force: true });
    const text = `#!/bin/sh\necho x >> "${tries}"\necho "${complaint}" >&2\nexit 127\n`;
    writeFileSync(join(home, "osv-scanner"), text, { mode: 0o755 });
    return stage.play({ tool: "osv-scanner", kind: "dependencies", sha }, { toolCache });
  };
  expect((await failing("dial tcp: lookup api.osv.dev: no such host")).body.reason).toContain("no such host");
  expect(readFileSync(tries, "utf8")).toBe("x\nx\nx\n");
  expect((await failing("panic: something else")).body.reason).toContain("something else");
  expect(readFileSync(tries, "utf8")).toBe("x\n");
});
