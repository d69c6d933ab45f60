import { Worker } from "node:worker_threads";
import type { Hit, WorkerReply, WorkerRequest } from "./worker.ts";

/** What became of one text. */
export type PoolResult = { kind: "hits"; hits: Hit[] } | { kind: "timeout" } | { kind: "crashed" };

export interface PoolOptions {
  /** Threads at most; they start when first needed. */
  size: number;
  /** Heap of each thread. */
  memoryMb: number;
  /** The thread's program; tests put a hanging one here. */
  program: URL;
  /** How long a thread may take to start. */
  startMs: number;
}

interface Job {
  name: string;
  text: string;
  timeoutMs: () => number;
  resolve: (result: PoolResult) => void;
  reject: (error: Error) => void;
}

/** The scanner's threads could not be started: nothing is known of any file. */
export class ScannerUnavailable extends Error {
  override name = "ScannerUnavailable";
}

/**
 * Runs the tool in threads, since a hanging regular expression blocks whoever runs it. A thread past its deadline is killed and
 * replaced. Threads do not keep the process alive.
 */
export class ScanPool {
  readonly #options: PoolOptions;
  readonly #waiting: Job[] = [];
  readonly #idle: Worker[] = [];
  readonly #all = new Set<Worker>();
  #busy = 0;
  #closed = false;

  constructor(options: PoolOptions) {
    this.#options = options;
  }

  /** Rejects only with {@link ScannerUnavailable}. `timeoutMs` is asked when a thread takes the text, not while it waits. */
  run(name: string, text: string, timeoutMs: () => number): Promise<PoolResult> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ name, text, timeoutMs, resolve, reject });
      this.#next();
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const job of this.#waiting.splice(0)) job.reject(new ScannerUnavailable("the scanner is closed"));
    await Promise.all([...this.#all].map((worker) => worker.terminate()));
  }

  #next(): void {
    if (this.#closed || this.#busy >= this.#options.size) {
      if (this.#closed)
        for (const job of this.#waiting.splice(0)) job.reject(new ScannerUnavailable("the scanner is closed"));
      return;
    }
    const job = this.#waiting.shift();
    if (!job) return;
    this.#busy++;
    this.#work(job)
      .then(job.resolve, job.reject)
      .finally(() => {
        this.#busy--;
        this.#next();
      });
  }

  async #work(job: Job): Promise<PoolResult> {
    const worker = this.#idle.pop() ?? (await this.#start());
    const timeoutMs = job.timeoutMs();
    if (timeoutMs <= 0) {
      this.#idle.push(worker);
      return { kind: "timeout" };
    }
    const result = await exchange(worker, job, timeoutMs);
    if (result.kind === "hits" && !this.#closed) {
      worker.unref();
      this.#idle.push(worker);
    } else {
      this.#all.delete(worker);
      await worker.terminate();
      if (this.#closed) throw new ScannerUnavailable("the scanner is closed");
    }
    return result;
  }

  async #start(): Promise<Worker> {
    const { memoryMb, program, startMs } = this.#options;
    const worker = new Worker(program, {
      resourceLimits: { maxOldGenerationSizeMb: memoryMb },
      // No part of the process's secrets is needed there.
      env: {},
      stdout: true,
      stderr: true,
    });
    this.#all.add(worker);
    const state = await settled<"ready" | "failed">(worker, startMs, { late: "failed", ended: "failed" }, (reply) =>
      reply.kind === "ready" ? "ready" : undefined,
    );
    // Kept for the pool's life: an `error` event that nobody listens to would end the process.
    worker.on("error", () => {});
    worker.once("exit", () => {
      this.#all.delete(worker);
      const at = this.#idle.indexOf(worker);
      if (at >= 0) this.#idle.splice(at, 1);
    });
    if (state === "ready") return worker;
    this.#all.delete(worker);
    await worker.terminate();
    throw new ScannerUnavailable(this.#closed ? "the scanner is closed" : "the scanner's thread did not start");
  }
}

let lastId = 0;

async function exchange(worker: Worker, job: Job, timeoutMs: number): Promise<PoolResult> {
  const id = ++lastId;
  worker.ref();
  const request: WorkerRequest = { id, name: job.name, text: job.text };
  const otherwise = { late: { kind: "timeout" }, ended: { kind: "crashed" } } as const;
  const outcome = settled<PoolResult>(worker, timeoutMs, otherwise, (reply) => {
    if (reply.kind === "ready" || reply.id !== id) return undefined;
    return reply.kind === "hits" ? { kind: "hits", hits: reply.hits } : { kind: "crashed" };
  });
  worker.postMessage(request);
  return outcome;
}

/** The first reply that `pick` takes; `late` after `timeoutMs` of silence, `ended` when the thread fails or exits. */
function settled<T>(
  worker: Worker,
  timeoutMs: number,
  otherwise: { late: T; ended: T },
  pick: (reply: WorkerReply) => T | undefined,
): Promise<T> {
  return new Promise((resolve) => {
    const finish = (value: T) => {
      clearTimeout(timer);
      worker.off("message", onMessage);
      worker.off("error", onEnd);
      worker.off("exit", onEnd);
      resolve(value);
    };
    const onEnd = () => finish(otherwise.ended);
    const onMessage = (reply: WorkerReply) => {
      const value = pick(reply);
      if (value !== undefined) finish(value);
    };
    const timer = setTimeout(() => finish(otherwise.late), timeoutMs);
    worker.on("message", onMessage);
    worker.once("error", onEnd);
    worker.once("exit", onEnd);
  });
}
