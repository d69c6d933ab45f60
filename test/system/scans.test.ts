import { DatabaseSync } from "node:sqlite";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { type Stage, setStage } from "../stage/stage.ts";
import {
  baseOf,
  type PlantedFlaw,
  play,
  report,
  scanned,
  started,
  toReport,
  WORKFLOW,
  WORKFLOW_PATH,
  waiting,
} from "./scans-scene.ts";
import { answers, checks, concluded, openPull, until } from "./scene.ts";

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const SAST = "hms/scan/sast";
const old: PlantedFlaw = { rule: "old-eval", path: "src/old.js", text: "eval(x)" };
const fresh: PlantedFlaw = { rule: "new-eval", path: "src/new.js", text: "eval(y)" };

let stage: Stage;

beforeAll(async () => {
  stage = await setStage();
});

afterAll(() => stage.close());

/** The process holds its store alone, so it is stopped for it. */
async function stopped<T>(act: (database: DatabaseSync) => T): Promise<T> {
  await stage.hms.kill("SIGTERM");
  const database = new DatabaseSync(`${stage.environment.HMS_DATA_DIR}/hms.db`);
  const result = act(database);
  database.close();
  await stage.restart();
  return result;
}

describe("a scan that runs in a workflow", () => {
  test("a planted flaw blocks, its fix turns the gate green, and what the base has does not count", async () => {
    const repository = await scanned(stage);
    const base = await baseOf(stage, repository);
    const pull = await openPull(stage, repository, { files: { "src/new.js": "eval(y)\n" } });
    const first = await started(stage, repository, pull.sha);
    expect(first.inputs).toMatchObject({ kind: "sast", tool: "sarif", sha: pull.sha, base: "", target: "" });
    await concluded(stage, pull, "in_progress", SAST);
    await concluded(stage, pull, "in_progress");
    await play(stage, repository, pull.sha, [old, fresh]);
    await play(stage, repository, base, [old]);
    await concluded(stage, pull, "failure", SAST);
    const gate = await concluded(stage, pull, "failure");
    expect(`${gate.output.title} ${gate.output.summary} ${gate.output.text}`).toContain("new-eval");
    const fixed = await stage.github.commit(repository, pull.branch, {
      files: { "src/new.js": "safe(y)\n" },
      author: "ada",
      message: "Mend it",
    });
    await play(stage, repository, fixed, [old]);
    await concluded(stage, { repository, sha: fixed }, "success", SAST);
    await concluded(stage, { repository, sha: fixed }, "success");
    // The merge base was scanned once for all.
    expect(waiting(stage, repository)).toEqual([]);
  });

  test("a push cancels the scan of the commit before", async () => {
    const repository = await scanned(stage);
    const pull = await openPull(stage, repository);
    const first = await started(stage, repository, pull.sha);
    const next = await stage.github.commit(repository, pull.branch, {
      files: { "b.txt": "b\n" },
      author: "ada",
      message: "Next",
    });
    await started(stage, repository, next);
    await until(
      stage,
      "the first run is cancelled",
      () => stage.github.workflowRun(first.runId).conclusion === "cancelled",
    );
  });

  test("its tool fails, and says so: not a pass", async () => {
    const repository = await scanned(stage, "{ leaks: { tool: sarif } }");
    const pull = await openPull(stage, repository);
    const scan = await started(stage, repository, pull.sha, "leaks");
    const { jobId, token } = await toReport(stage, scan);
    await until(stage, "the failure is taken", async () => {
      return (await report(stage, scan, token, { failed: "it <b>crashed</b>" })).status === 202;
    });
    stage.github.completeJob(jobId, "failure");
    const check = await until(stage, "the check says so", () => {
      const run = checks(stage, repository, pull.sha, "hms/scan/leaks").at(-1);
      return run?.output.summary?.includes("crashed") ? run : undefined;
    });
    expect(check.output.summary).not.toContain("<b>");
    expect(check.conclusion).not.toBe("success");
    const gate = checks(stage, repository, pull.sha).at(-1);
    expect(gate?.conclusion).not.toBe("success");
  });

  test("one that failed long ago is looked at every ten minutes, and whoever asks for it is served at once", async () => {
    const repository = await scanned(stage, "{ leaks: { tool: sarif } }");
    const pull = await openPull(stage, repository);
    const scan = await started(stage, repository, pull.sha, "leaks");
    const { token } = await toReport(stage, scan);
    await until(stage, "the failure is taken", async () => {
      return (await report(stage, scan, token, { failed: "it crashed" })).status === 202;
    });
    const isTold = () => checks(stage, repository, pull.sha).at(-1)?.output.title?.includes("it crashed");
    await until(stage, "the gate says so", isTold);
    const reads = () => stage.github.requests.list({ path: new RegExp(`/${repository.name}/pulls/${pull.number}$`) });
    const own = `${stage.installationId}/${repository.id}`;
    await stopped((database) => {
      const at = `at/${own}/${pull.sha}/${pull.number}`;
      const { value } = database.prepare("SELECT value FROM records WHERE key = ?").get(at) as { value: string };
      const said = JSON.parse(value) as { waitingSinceMs: number };
      const anHourAgo = { ...said, waitingSinceMs: said.waitingSinceMs - 3_600_000 };
      database.prepare("UPDATE records SET value = ? WHERE key = ?").run(JSON.stringify(anHourAgo), at);
    });
    const before = reads().length;
    await until(stage, "the new process has read it", () => reads().length > before);
    const key = `pull/${own}/${pull.number}`;
    const due = await stopped((database) => database.prepare("SELECT due_at FROM keys WHERE key = ?").get(key));
    expect(Number(due?.due_at) - Date.now()).toBeGreaterThan(8 * 60_000);
    stage.github.comment(repository, pull.number, { author: "grace", body: "/hms scan" });
    await play(stage, repository, pull.sha, [], "leaks");
    await concluded(stage, pull, "success");
  });

  test("its run ends without a report: not a pass", async () => {
    const repository = await scanned(stage, "{ leaks: { tool: sarif } }");
    const pull = await openPull(stage, repository);
    const scan = await started(stage, repository, pull.sha, "leaks");
    const { jobId } = await toReport(stage, scan);
    stage.github.completeJob(jobId, "success");
    const check = await until(
      stage,
      "the check says so",
      () => {
        const run = checks(stage, repository, pull.sha, "hms/scan/leaks").at(-1);
        return run?.output.summary?.includes("without a report") ? run : undefined;
      },
      25_000,
    );
    expect(check.conclusion).not.toBe("success");
  });

  test("the workflow is not there, and then it is", async () => {
    const repository = await scanned(stage, "{ leaks: { tool: sarif } }", {
      ".github/workflows/hms-scan.yml": "name: other\non: push\njobs: {}\n",
    });
    const pull = await openPull(stage, repository);
    const check = await until(stage, "the check says so", () => {
      const run = checks(stage, repository, pull.sha, "hms/scan/leaks").at(-1);
      return run?.output.summary?.includes("could not be started") ? run : undefined;
    });
    expect(check.conclusion).not.toBe("success");
    await stage.github.commit(repository, "main", {
      files: { [WORKFLOW_PATH]: WORKFLOW },
      author: "linus",
      message: "Scan",
    });
    await play(stage, repository, pull.sha, [], "leaks");
    await concluded(stage, pull, "success", "hms/scan/leaks");
    await concluded(stage, pull, "success");
  });

  test("asked for again, it is said of each kind whether it comes to anything", async () => {
    const repository = await scanned(stage, '{ leaks: { tool: sarif }, iac: { tool: sarif, paths: ["charts/**"] } }');
    const pull = await openPull(stage, repository);
    await play(stage, repository, pull.sha, [], "leaks");
    await concluded(stage, pull, "success");
    stage.github.comment(repository, pull.number, { author: "grace", body: "/hms scan" });
    await until(stage, "it is answered", () => answers(stage, pull).length === 1);
    expect(answers(stage, pull).join()).toMatch(
      /Scanned again: leaks\..*Not now: iac\. Nothing that this pull request changes/,
    );
    await play(stage, repository, pull.sha, [], "leaks");
    stage.github.comment(repository, pull.number, { author: "grace", body: "/hms scan iac" });
    await until(stage, "it is answered", () => answers(stage, pull).length === 2);
    expect(answers(stage, pull).at(-1)).not.toContain("Scanned again");
    expect(waiting(stage, repository)).toEqual([]);
  });

  test("people ask for it again: by a comment, and by the check's own button", async () => {
    const repository = await scanned(stage, "{ leaks: { tool: sarif } }");
    const pull = await openPull(stage, repository);
    await play(stage, repository, pull.sha, [{ ...fresh, rule: "flaky" }], "leaks");
    const failed = await concluded(stage, pull, "failure", "hms/scan/leaks");
    stage.github.comment(repository, pull.number, { author: "mallory", body: "/hms scan leaks" });
    stage.github.comment(repository, pull.number, { author: "grace", body: "/hms scan iac" });
    await until(stage, "both are told why not", () => answers(stage, pull).length === 2);
    expect(answers(stage, pull).join()).toContain("names no scan");
    expect(waiting(stage, repository)).toEqual([]);
    stage.github.comment(repository, pull.number, { author: "grace", body: "/hms scan leaks" });
    await play(stage, repository, pull.sha, [], "leaks");
    await concluded(stage, pull, "success", "hms/scan/leaks");
    expect(failed.conclusion).toBe("failure");
    const run = checks(stage, repository, pull.sha, "hms/scan/leaks").at(-1);
    stage.github.rerequestCheckRun(repository, Number(run?.id), "grace");
    await play(stage, repository, pull.sha, [fresh], "leaks");
    await concluded(stage, pull, "failure", "hms/scan/leaks");
  });

  test("agents are looked at inside of the process: a flaw of the pull request blocks, one of the base does not", async () => {
    const agent = (name: string, port: number, health: number) =>
      `    ${name}: { script_path: agents/${name}.py, port: ${port}, health_check_port: ${health} }\n`;
    const head = "global_settings: {}\nagent_groups:\n  core:\n";
    const files = { "agents/a.py": "", "agents/startup.yaml": `${head}${agent("a", 5000, 5000)}` };
    const repository = await scanned(stage, "{ agents: { paths: [agents/], mode: fail } }", files);
    const other = await openPull(stage, repository);
    await concluded(stage, other, "success");
    expect(checks(stage, repository, other.sha, "hms/scan/agents")).toEqual([]);
    const text = `${head}${agent("a", 5000, 5000)}${agent("b", 5000, 6001)}`;
    const pull = await openPull(stage, repository, { files: { "agents/startup.yaml": text, "agents/b.py": "" } });
    const check = await concluded(stage, pull, "failure", "hms/scan/agents");
    expect(check.output.text).toContain("port-conflict");
    expect(check.output.text).toContain("Remediation plan");
    await concluded(stage, pull, "failure");
  });

  test("where it is asked for, the report goes to GitHub code scanning as well", async () => {
    const repository = await scanned(stage, "{ leaks: { tool: sarif }, code_scanning: true }");
    const pull = await openPull(stage, repository);
    await play(stage, repository, pull.sha, [], "leaks");
    await concluded(stage, pull, "success");
    const path = new RegExp(`/${repository.name}/code-scanning/sarifs$`);
    const sent = await until(stage, "it is uploaded", () =>
      stage.github.requests.list({ method: "POST", path }).at(-1),
    );
    expect(sent.status).toBe(202);
  });
});
