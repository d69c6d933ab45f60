import { randomBytes } from "node:crypto";
import { openSqlite } from "../src/adapters/sqlite/engine.ts";
import { systemClock } from "../src/ports/clock.ts";
import type { FileContent } from "../test/doubles/github/git/object-store.ts";
import { type PlayedJob, playRun } from "../test/doubles/runner/runner.ts";
import { startHms } from "../test/stage/process.ts";
import { scanFiles } from "../test/stage/scan-runner.ts";
import { type SimulatedCluster, simulateCluster } from "../test/stage/simulated-cluster.ts";
import { type CheckRun, type Stage, setStage } from "../test/stage/stage.ts";
import { webDeployment } from "../test/stage/web-deployment.ts";

/**
 * What the organisation lets an administrator set aside, so that the gate prints the line to paste; previews for those pull requests that change
 * what is deployed, and scans for those that change the server or the agents.
 */
const configuration = (ingressPort: number): string => `version: 1
gate:
  overrides:
    - { rule: no-critical-findings, permission: admin }
preview:
  components: [{ name: web, path: deploy }]
  url: "http://pr-{{number}}.preview.localhost:${ingressPort}"
  when: { paths: ["deploy/**"] }
  required: true
scan:
  sast: { tool: sarif, paths: ["server/**"] }
  agents: { paths: ["agents/"], mode: fail }
`;

/** More than the story opens. */
const PULLS = 40;

export interface DemoStage extends Stage {
  simulated: SimulatedCluster;
  /** What the runner is at, which ends before all else is taken down. */
  playing?: Promise<unknown>;
}

/** Starts GitHub's double, a simulated cluster and HMS-SYS for the demo. */
export async function setDemoStage(): Promise<DemoStage> {
  const simulated = await simulateCluster(
    Array.from({ length: PULLS }, (_, at) => `pr-${at + 1}`),
    (images) => (images.length === 0 ? "Nothing runs here." : `Here ${images.join(", ")} would answer.`),
  );
  try {
    const stage = await setStage({
      environment: {
        ...simulated.environment,
        // Made anew for each run.
        HMS_OPERATOR_TOKEN: randomBytes(24).toString("hex"),
        HMS_OPERATOR_TEAMS: "acme/platform",
        HMS_AUDITOR_TEAMS: "acme/platform",
      },
      files: {
        ".github/hms.yml": configuration(simulated.ingressPort),
        "src/cart.js": "export const cart = [];\n",
        "deploy/web.yaml": webDeployment("ghcr.io/acme/shop:1"),
        "server/orders.js": "// Finds an order.\n",
        "agents/base.py": "class BaseAgent:\n    pass\n",
        "agents/registry.py": "from base import BaseAgent\n\n\nclass Registry(BaseAgent):\n    pass\n",
        ...scanFiles(),
      },
    });
    // Grace sees all of the portal.
    stage.github.setOrgMember("acme", "grace", "member");
    stage.github.createTeam("acme", "platform", { members: ["grace"] });
    // Where the job that reports finds HMS-SYS.
    stage.github.setVariable("acme", "HMS_URL", stage.hms.url);
    const { close } = stage;
    const staged: DemoStage = Object.assign(stage, {
      simulated,
      async close() {
        await Promise.allSettled([staged.playing]);
        await close();
        await simulated.close();
      },
    });
    return staged;
  } catch (error) {
    await simulated.close();
    throw error;
  }
}

export interface Annotation {
  path: string;
  start_line: number;
  title: string;
  message: string;
}

export interface Comment {
  body: string;
  user: { login: string };
}

/** What the story does and reads, on top of the stage. Everything that is read comes from GitHub's API, as people see it. */
export class Scene {
  readonly stage: DemoStage;
  /** Keys that were planted: none of them may be seen anywhere. */
  readonly keys: string[] = [];
  /** Pull requests that were opened, to be searched at the end. */
  readonly numbers: number[] = [];
  readonly shas = new Set<string>();
  /** Of the pull request that is still open at the end. */
  preview: { number: number; address: string } | undefined;
  #ended = "";

  constructor(stage: DemoStage) {
    this.stage = stage;
  }

  /** `/repos/acme/shop` */
  get path(): string {
    return `/repos/${this.stage.repository.fullName}`;
  }

  /** Commits and pushes as `ada`. Returns the SHA. */
  async push(branch: string, files: Record<string, FileContent>, message: string, from?: string): Promise<string> {
    const { github, repository } = this.stage;
    const options = { files, message, author: "ada", ...(from ? { from } : {}) };
    const sha = await github.commit(repository, branch, options);
    this.shas.add(sha);
    return sha;
  }

  async openPull(head: string, title: string): Promise<number> {
    const answer = await this.ask<{ number: number }>("ada", "POST", "/pulls", { head, base: "main", title }, 201);
    this.numbers.push(answer.number);
    return answer.number;
  }

  /** Mallory, who may write nothing here, changes a file in a fork and opens a pull request from there. */
  async offerFromFork(path: string, content: string): Promise<{ sha: string; number: number }> {
    const { github, repository } = this.stage;
    const fork = await github.fork(repository, "mallory", `${repository.name}-fork`);
    const author = "mallory";
    const sha = await github.commit(fork, "offer", { files: { [path]: content }, author, message: "An offer" });
    const { number } = await github.openPull(repository, {
      head: `${author}:offer`,
      base: "main",
      title: "Shop 5",
      author,
    });
    this.shas.add(sha);
    this.numbers.push(number);
    return { sha, number };
  }

  async say(login: string, number: number, body: string): Promise<void> {
    await this.ask(login, "POST", `/issues/${number}/comments`, { body }, 201);
  }

  /** By what a cluster tells whose an object is. */
  previewOf(number: number): { repositoryId: number; number: number } {
    return { repositoryId: this.stage.repository.id, number };
  }

  /** A call on the repository that has to succeed. */
  async ask<T>(login: string, method: string, path: string, body?: unknown, wanted = 200): Promise<T> {
    const answer = await this.stage.as(login, method, `${this.path}${path}`, body);
    if (answer.status !== wanted) {
      const { message } = (answer.body ?? {}) as { message?: string };
      throw new Error(`GitHub answered ${answer.status} to ${method} ${path}: ${message ?? "no message"}`);
    }
    return answer.body;
  }

  /** Waits for the newest check run of that name to be completed. `ms`: since `sinceMs`, on `performance.now()`. */
  async check(sha: string, name: string, sinceMs: number, withinMs = 15_000): Promise<CheckRun & { ms: number }> {
    const run = await this.stage.check(sha, name, (one) => one.status === "completed", withinMs).catch(() => undefined);
    if (!run) throw new Error(`${name} did not report at ${sha.slice(0, 7)} within ${withinMs / 1000} s`);
    return { ...run, ms: Math.round(performance.now() - sinceMs) };
  }

  /** The same once it has that conclusion; undefined if it does not get it. */
  async checkThat(sha: string, name: string, conclusion: string): Promise<CheckRun | undefined> {
    return this.stage.check(sha, name, (run) => run.conclusion === conclusion).catch(() => undefined);
  }

  /** A runner plays a workflow's run to its end. */
  async playRun(runId: number): Promise<PlayedJob[]> {
    const playing = playRun(this.stage.github, runId);
    this.stage.playing = playing;
    return playing;
  }

  annotations(run: CheckRun): Promise<Annotation[]> {
    return this.ask("ada", "GET", `/check-runs/${run.id}/annotations`);
  }

  comments(number: number): Promise<Comment[]> {
    return this.ask("ada", "GET", `/issues/${number}/comments?per_page=100`);
  }

  /** SIGKILL to the process, by its id. */
  async kill(): Promise<number | string> {
    const { hms } = this.stage;
    const end = await hms.kill("SIGKILL");
    this.#ended += hms.output();
    return end;
  }

  /** The same environment and data once more. */
  async start(): Promise<void> {
    this.stage.hms = await startHms(this.stage.environment);
  }

  /** All that HMS-SYS wrote to its log, over all its lives. */
  log(): string {
    return this.#ended + this.stage.hms.output();
  }

  /** How many of these deliveries the store on disk remembers, asked while no process has it open: what it has is a duplicate to it. */
  async knownOnDisk(deliveries: string[]): Promise<number> {
    const path = `${this.stage.environment.HMS_DATA_DIR}/hms.db`;
    const engine = await openSqlite({ path, clock: systemClock });
    try {
      const answers = await Promise.all(
        deliveries.map((id) =>
          engine.queue.accept({
            delivery: { id, event: "pull_request", receivedAtMs: systemClock.now() },
            keys: [],
            intents: [],
            records: [],
          }),
        ),
      );
      return answers.filter((answer) => answer === "duplicate").length;
    } finally {
      await engine.close();
    }
  }
}
