import type { PlayedJob } from "../test/doubles/runner/runner.ts";
import type { Scene } from "./stage.ts";
import { hold, plain, ruleRow, type Step } from "./steps.ts";

const GATE = "hms/gate";
const SAST = "hms/scan/sast";
const AGENTS = "hms/scan/agents";
const FILE = "server/orders.js";
const FLAW_LINE = 3;
const WAIVERS = ".github/hms-waivers.yml";
const WORKFLOW = "hms-scan.yml";

/** The pull request with the flaw, handed from step to step. */
interface Scanned {
  number: number;
  sha: string;
  runId: number;
}

/** An injection is found in the repository's own workflow, a forged report is refused, a waiver is merged, a fix makes it needless; and agents are looked at. */
export function scans(): Step[] {
  const pr: Scanned = { number: 0, sha: "", runId: 0 };
  return [scanned(pr), forged(pr), waived(pr), mended(pr), agents];
}

const scanned = (pr: Scanned): Step => ({
  name: "scanned",
  title: "Ada's next pull request has an injection: a scan in the repository's own workflow finds it",
  async play(scene, observe) {
    pr.sha = await scene.push("orders", { [FILE]: WITH_FLAW }, "Find orders", "main");
    const openedMs = performance.now();
    pr.number = await scene.openPull("orders", "Find orders");
    const runs = await playScans(scene, pr.sha, SAST);
    pr.runId = runs.find(({ sha }) => sha === pr.sha)?.runId ?? 0;
    const scan = await scene.check(pr.sha, SAST, openedMs);
    hold(scan.conclusion === "failure", `${SAST} is ${scan.conclusion}: ${scan.output.title}`);
    const [first] = await scene.annotations(scan);
    hold(first?.path === FILE && first.start_line === FLAW_LINE, `the annotation is not at ${FILE}:${FLAW_LINE}`);
    const gate = await scene.check(pr.sha, GATE, openedMs);
    hold(gate.conclusion === "failure", `${GATE} is ${gate.conclusion}: ${gate.output.title}`);
    const rule = ruleRow(gate.output.summary)?.rule;
    hold(rule === "no-sast-findings", `the gate names ${rule}`);
    observe("runner", "a double: it plays GitHub's jobs here; the Action is the shipped one");
    observe("scanner", "a small one of the shop's own, on main (semgrep and others are set up the same way)");
    observe("scanned", `${runs.length} commits: the head, and what it is compared with`);
    observe(SAST, `${scan.conclusion} · ${plain(scan.output.title)}`);
    observe("annotation", `${first.path}:${first.start_line}  ${plain(first.title)}`);
    observe("says", plain(first.message));
    observe(GATE, `${gate.conclusion} · ${plain(gate.output.title)}`);
    observe("rule", rule);
    observe("opened → scan ms", scan.ms);
  },
});

const forged = (pr: Scanned): Step => ({
  name: "forged",
  title: "She starts the workflow herself, with a scanner that finds nothing: its report is refused",
  async play(scene, observe) {
    const { github } = scene.stage;
    const before = await refusals(scene);
    await scene.push("quiet", { ".github/hms-scan/sarif": QUIET }, "Find nothing", "main");
    // Whoever may read the repository sees them all, the nonce too.
    const { inputs } = github.workflowRun(pr.runId);
    const dispatch = { ref: "quiet", inputs, return_run_details: true };
    const path = `/actions/workflows/${WORKFLOW}/dispatches`;
    const { workflow_run_id: runId } = await scene.ask<{ workflow_run_id: number }>("ada", "POST", path, dispatch);
    const jobs = await scene.playRun(runId);
    const token = jobs.find(({ key }) => key === "report");
    const answer = refusedWith(token);
    hold(answer !== undefined, `her run's report was not answered 403: ${lastLine(token)}`);
    const refused = (await refusals(scene)).slice(before.length);
    hold(refused.length === 1, `the ledger has ${refused.length} refusals of it`);
    const gate = await scene.check(pr.sha, GATE, performance.now());
    const scan = await scene.check(pr.sha, SAST, performance.now());
    const shut = gate.conclusion === "failure" && scan.conclusion === "failure";
    hold(shut, `${SAST} is ${scan.conclusion}, ${GATE} is ${gate.conclusion}`);
    observe("her run", `${runId}, with the id, nonce and commit of HMS-SYS's own run ${pr.runId}`);
    observe("its token", "genuine, signed by GitHub: it says whose run it is");
    observe("HMS-SYS", answer);
    observe("ledger", `scan_report_refused, ${refused[0]}`);
    observe(SAST, `${scan.conclusion}, as before`);
    observe(GATE, `${gate.conclusion}, as before`);
  },
});

const waived = (pr: Scanned): Step => ({
  name: "waived",
  title: "It has to ship: an administrator approves a waiver with an end; merged, it counts and is named",
  async play(scene, observe) {
    const until = new Date(Date.now() + 14 * 86_400_000).toISOString().slice(0, 10);
    const sha = await scene.push("waiver", { [WAIVERS]: waiver(until) }, "Waive the order search", "main");
    const number = await scene.openPull("waiver", "Waive the order search");
    const waiting = await scene.check(sha, GATE, performance.now());
    hold(waiting.conclusion === "action_required", `${GATE} of the waiver is ${waiting.conclusion}`);
    await scene.ask("linus", "POST", `/pulls/${number}/reviews`, { event: "APPROVE", commit_id: sha });
    const green = await scene.checkThat(sha, GATE, "success");
    hold(green !== undefined, `${GATE} of the waiver did not become green`);
    const mergedMs = performance.now();
    await scene.ask("grace", "PUT", `/pulls/${number}/merge`, { sha });
    const scan = await scene.checkThat(pr.sha, SAST, "success");
    const gate = await scene.checkThat(pr.sha, GATE, "success");
    hold(scan !== undefined && gate !== undefined, "the waiver is merged, and it still does not pass");
    const named = plain(scan.output.summary)
      .split("\n")
      .find((line) => line.includes(until));
    hold(named !== undefined, `${SAST} does not name the waiver: ${scan.output.summary}`);
    const warned = gate.output.summary.includes("waived-findings");
    hold(warned, `${GATE} does not name what is waived: ${gate.output.summary}`);
    observe("the waiver's gate", `${waiting.conclusion} · ${plain(waiting.output.title)}`);
    observe("approved by", "linus, an administrator who neither wrote nor pushed it");
    observe(SAST, `${scan.conclusion} · ${plain(scan.output.title)}`);
    observe("says", named.replace(/^- /, ""));
    observe(GATE, `${gate.conclusion} · ${plain(gate.output.title)}`);
    observe("merged → green ms", Math.round(performance.now() - mergedMs));
  },
});

const mended = (pr: Scanned): Step => ({
  name: "mended",
  title: "She mends it before the waiver ends",
  async play(scene, observe) {
    pr.sha = await scene.push("orders", { [FILE]: WITHOUT_FLAW }, "Ask with a parameter");
    const pushedMs = performance.now();
    await playScans(scene, pr.sha, SAST);
    const scan = await scene.check(pr.sha, SAST, pushedMs);
    hold(scan.conclusion === "success", `${SAST} is ${scan.conclusion}: ${scan.output.title}`);
    const gate = await scene.check(pr.sha, GATE, pushedMs);
    hold(gate.conclusion === "success", `${GATE} is ${gate.conclusion}: ${gate.output.title}`);
    hold(!gate.output.summary.includes("waived-findings"), `${GATE} still names what is waived`);
    observe(SAST, `${scan.conclusion} · ${plain(scan.output.title)}`);
    observe(GATE, `${gate.conclusion} · ${plain(gate.output.title)}, with nothing waived`);
    observe("push → gate ms", gate.ms);
  },
});

const agents: Step = {
  name: "agents",
  title: "She changes how agents start: their configuration is looked at, with a plan to mend it",
  async play(scene, observe) {
    const files = { "agents/startup.yaml": AGENTS_FLAWED, "agents/planner.py": PLANNER };
    const sha = await scene.push("agents", files, "A planner", "main");
    const openedMs = performance.now();
    await scene.openPull("agents", "A planner");
    const scan = await scene.check(sha, AGENTS, openedMs);
    hold(scan.conclusion === "failure", `${AGENTS} is ${scan.conclusion}: ${scan.output.title}`);
    const annotations = await scene.annotations(scan);
    hold(annotations.length > 0, "nothing is annotated");
    const waves = wavesIn(scan.output.text ?? "");
    hold(waves.length > 1, `there is no plan in waves: ${scan.output.text}`);
    observe(AGENTS, `${scan.conclusion} · ${plain(scan.output.title)}`);
    for (const one of annotations) observe(`${one.path.split("/").at(-1)}:${one.start_line}`, plain(one.title));
    observe("plan", waves.join(" → "));
    observe("opened → scan ms", scan.ms);
  },
};

/** Plays what HMS-SYS started until the commit's check of that name is over. */
async function playScans(scene: Scene, sha: string, name: string): Promise<{ runId: number; sha: string }[]> {
  const { github, repository } = scene.stage;
  const played: { runId: number; sha: string }[] = [];
  const over = () => github.checkRuns(repository, sha).some((run) => run.name === name && run.status === "completed");
  for (const deadlineMs = performance.now() + 30_000; !over(); ) {
    hold(performance.now() < deadlineMs, `${name} was not over within 30 s, after ${played.length} runs`);
    const [ready] = github.readyJobs();
    if (ready === undefined) {
      await new Promise((resolve) => setTimeout(resolve, 25));
      continue;
    }
    const { inputs } = github.workflowRun(ready.runId);
    await scene.playRun(ready.runId);
    played.push({ runId: ready.runId, sha: String(inputs.sha) });
  }
  return played;
}

/** What HMS-SYS answered to a job that reports. */
function refusedWith(job: PlayedJob | undefined): string | undefined {
  const told = /HMS-SYS answered (403: [^\r\n]+)/.exec(job?.log ?? "")?.[1];
  return job?.conclusion === "failure" ? told : undefined;
}

const lastLine = (job: PlayedJob | undefined): string => job?.log.trim().split("\n").at(-1) ?? "it did not report";

/** Why reports were refused, as the ledger has it. */
async function refusals({ stage }: Scene): Promise<string[]> {
  const response = await fetch(`${stage.hms.url}/api/v1/ledger?type=scan_report_refused&limit=100`, {
    headers: { authorization: `Bearer ${stage.environment.HMS_OPERATOR_TOKEN}` },
  });
  hold(response.status === 200, `the ledger answered ${response.status}`);
  const { items } = (await response.json()) as { items: { data: { why: string } }[] };
  return items.map(({ data }) => data.why);
}

/** `wave 1: T1 plaintext-credential, T2 port-conflict`, by the plan's table. */
function wavesIn(text: string): string[] {
  const waves = new Map<string, string[]>();
  for (const line of text.split("\n")) {
    const [, task, wave, rule] = /^\| (T\d+) \| (\d+) \| agents\/([\w-]+) \|/.exec(plain(line)) ?? [];
    if (task && wave && rule) waves.set(wave, [...(waves.get(wave) ?? []), `${task} ${rule}`]);
  }
  return [...waves].map(([wave, tasks]) => `wave ${wave}: ${tasks.join(", ")}`);
}

const WITH_FLAW = `// Finds an order.
export const find = (id) =>
  db.query("SELECT * FROM orders WHERE id = " + id);
`;

const WITHOUT_FLAW = `// Finds an order.
export const find = (id) =>
  db.query("SELECT * FROM orders WHERE id = ?", [id]);
`;

const QUIET = {
  program: `#!/usr/bin/env node
require("node:fs").writeFileSync(process.argv[3], '{"version":"2.1.0","runs":[{"tool":{"driver":{"name":"quiet"}},"results":[]}]}');
`,
};

const waiver = (until: string) => `version: 1
waivers:
  - rule: sast/sql-injection
    path: "${FILE}"
    reason: Only the staff's own page calls it, and it goes with the new search
    owner: acme/shop
    expires: ${until}
`;

const AGENTS_FLAWED = `global_settings: {}
agent_groups:
  core:
    registry: { script_path: agents/registry.py, port: 5000, health_check_port: 6000 }
    planner: { script_path: agents/planner.py, port: 5000, health_check_port: 6001 }
`;

const PLANNER = `class Planner:
    password = "a-word-that-stands-in-the-source"


Planner().run()
`;
