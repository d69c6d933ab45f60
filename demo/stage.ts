import { randomBytes } from "node:crypto";
import { openSqlite } from "../src/adapters/sqlite/engine.ts";
import { systemClock } from "../src/ports/clock.ts";
import { startHms } from "../test/stage/process.ts";
import { type CheckRun, type Stage, type StageOptions, setStage } from "../test/stage/stage.ts";

/** What the organisation lets an administrator set aside, so that the gate prints the line to paste. */
const CONFIGURATION = `version: 1
gate:
  overrides:
    - { rule: no-critical-findings, permission: admin }
`;

/** Starts GitHub's double and HMS-SYS for the demo. */
export function setDemoStage(options: StageOptions = {}): Promise<Stage> {
  return setStage({
    ...options,
    // Made anew for each run; whoever looks around afterwards finds it in what the demo prints.
    environment: { ...options.environment, HMS_OPERATOR_TOKEN: randomBytes(24).toString("hex") },
    files: { ".github/hms.yml": CONFIGURATION, "src/cart.js": "export const cart = [];\n" },
  });
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
  readonly stage: Stage;
  /** Keys that were planted: none of them may be seen anywhere. */
  readonly keys: string[] = [];
  /** Pull requests that were opened, to be searched at the end. */
  readonly numbers: number[] = [];
  readonly shas = new Set<string>();
  #ended = "";

  constructor(stage: Stage) {
    this.stage = stage;
  }

  /** `/repos/acme/shop` */
  get path(): string {
    return `/repos/${this.stage.repository.fullName}`;
  }

  /** Commits and pushes as `ada`. Returns the SHA. */
  async push(branch: string, files: Record<string, string | null>, message: string, from?: string): Promise<string> {
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
