import { Worker } from "node:worker_threads";
import type { Verdict } from "../../model/verdict.ts";
import { EvaluationError, PolicyBrokeError } from "./answer.ts";
import { PolicyBundleError } from "./bundle.ts";
import { reasonOf } from "./engine.ts";
import type { ThreadData, ThreadReply, ThreadRequest } from "./policy-thread.ts";

const PROGRAM = new URL("./policy-thread.ts", import.meta.url);
const ENTRYPOINT = "hms/decision";
/** Threads of one policy that were told to end and have not yet. */
const MAX_ENDING = 3;
const MIB = 1024 * 1024;
/** How long an evaluation may take longer for each MiB of input. */
const PER_MIB_MS = 1_000;

export interface ThreadLimits {
  /** For starting the thread, unpacking and compiling. */
  openMs: number;
  /** For one evaluation of a small input. */
  evaluateMs: number;
  /** Of the policy; its thread has as much again for what surrounds it. */
  memoryMb: number;
  /** Evaluations that wait for their turn; more are refused at once. */
  maxWaiting: number;
}

/**
 * A policy that is not ours, in a thread of its own: it can loop, recurse or fill its memory without the process noticing. A thread that took
 * too long or broke is ended, and the next evaluation starts another one from the same bytes. Threads do not keep the process alive.
 */
export class ThreadedPolicy {
  readonly revision: string;
  readonly #bundle: Uint8Array<ArrayBuffer>;
  readonly #name: string;
  readonly #limits: ThreadLimits;
  #worker: Worker | undefined;
  #turn: Promise<unknown> = Promise.resolve();
  #waiting = 0;
  #lastId = 0;
  #closed = false;
  #ending = 0;

  private constructor(bundle: Uint8Array<ArrayBuffer>, name: string, limits: ThreadLimits, opened: Opened) {
    this.#bundle = bundle;
    this.#name = name;
    this.#limits = limits;
    this.#worker = opened.worker;
    this.revision = opened.revision;
  }

  /** Rejects with {@link PolicyBundleError} when the bundle cannot be used. */
  static async open(bundle: Uint8Array<ArrayBuffer>, name: string, limits: ThreadLimits): Promise<ThreadedPolicy> {
    return new ThreadedPolicy(bundle, name, limits, await start(bundle, name, limits));
  }

  /** Evaluations that are under way or wait for their turn. */
  get load(): number {
    return this.#waiting;
  }

  /** One at a time, in the order of asking. Rejects with {@link EvaluationError}. */
  evaluate(json: ArrayBuffer): Promise<Verdict> {
    if (this.#waiting >= this.#limits.maxWaiting) {
      return Promise.reject(
        new EvaluationError("The checker could not decide: too many questions wait for the policy."),
      );
    }
    this.#waiting++;
    const mine = this.#turn.then(() => this.#ask(json)).finally(() => this.#waiting--);
    this.#turn = mine.catch(() => undefined);
    return mine;
  }

  /** What is asked already is still answered. */
  closeWhenIdle(): void {
    void this.#turn.then(() => this.close());
  }

  close(): void {
    this.#closed = true;
    this.#end();
  }

  async #ask(json: ArrayBuffer): Promise<Verdict> {
    if (this.#closed) throw new EvaluationError("The checker could not decide: the policy is closed.");
    const worker = await this.#running();
    const limitMs = this.#limits.evaluateMs + Math.floor((json.byteLength / MIB) * PER_MIB_MS);
    const id = ++this.#lastId;
    worker.ref();
    const reply = firstReply(worker, limitMs, (one) => ("id" in one && one.id === id ? one : undefined));
    worker.postMessage({ id, json } satisfies ThreadRequest, [json]);
    const outcome = await reply;
    worker.unref();
    if (outcome !== "late" && outcome !== "ended") {
      if (outcome.kind === "verdict") return outcome.verdict;
      const reason = outcome.kind === "undecided" ? outcome.reason : "its thread talks nonsense";
      throw new EvaluationError(`The checker could not decide: ${reason}.`);
    }
    this.#end();
    const why =
      outcome === "late" ? `the policy took longer than ${limitMs} ms` : "the policy broke its thread or its memory";
    throw new PolicyBrokeError(`The checker could not decide: ${why}.`);
  }

  async #running(): Promise<Worker> {
    if (this.#worker !== undefined) return this.#worker;
    if (this.#ending >= MAX_ENDING) throw new PolicyBrokeError("The checker could not decide: its threads do not end.");
    const opened = await start(this.#bundle, this.#name, this.#limits).catch((error: Error) => {
      throw new EvaluationError(`The checker could not decide: ${error.message}`);
    });
    this.#worker = opened.worker;
    if (this.#closed) this.#end();
    return opened.worker;
  }

  /** A thread in the midst of asking for memory takes seconds to end: nobody waits for it. */
  #end(): void {
    const worker = this.#worker;
    this.#worker = undefined;
    if (worker === undefined) return;
    this.#ending++;
    void worker.terminate().finally(() => this.#ending--);
  }
}

interface Opened {
  worker: Worker;
  revision: string;
}

async function start(bundle: Uint8Array<ArrayBuffer>, name: string, limits: ThreadLimits): Promise<Opened> {
  const workerData: ThreadData = { bundle, name, entrypoint: ENTRYPOINT, maxMemoryBytes: limits.memoryMb * MIB };
  const worker = new Worker(PROGRAM, {
    workerData,
    // The JavaScript beside the policy; WebAssembly's own memory is limited by the engine.
    resourceLimits: { maxOldGenerationSizeMb: limits.memoryMb, maxYoungGenerationSizeMb: 32 },
    // No part of the process's secrets is needed there, and no flag that it was started with.
    env: {},
    execArgv: [],
    stdout: true,
    stderr: true,
  });
  // Kept for the thread's life: an `error` event that nobody listens to would end the process.
  let broken = "it ended";
  worker.on("error", (error: NodeJS.ErrnoException) => {
    broken = error.code === "ERR_WORKER_OUT_OF_MEMORY" ? "it needs too much memory" : reasonOf(error);
  });
  const outcome = await firstReply(worker, limits.openMs, (reply) => reply);
  worker.unref();
  if (outcome !== "late" && outcome !== "ended" && outcome.kind === "ready")
    return { worker, revision: outcome.revision };
  await worker.terminate();
  if (outcome === "late") throw new PolicyBundleError(`The policy bundle ${name} took too long to open.`);
  if (outcome === "ended") throw new PolicyBundleError(`The policy bundle ${name} cannot be opened: ${broken}.`);
  throw new PolicyBundleError(
    outcome.kind === "refused" ? outcome.message : `The policy bundle ${name} cannot be opened.`,
  );
}

/** The first reply that `pick` takes; `late` after `timeoutMs` without one, `ended` when the thread fails or exits. */
function firstReply<T>(
  worker: Worker,
  timeoutMs: number,
  pick: (reply: ThreadReply) => T | undefined,
): Promise<T | "late" | "ended"> {
  return new Promise((resolve) => {
    const finish = (value: T | "late" | "ended"): void => {
      clearTimeout(timer);
      worker.off("message", onMessage);
      worker.off("error", onEnd);
      worker.off("exit", onEnd);
      resolve(value);
    };
    const onEnd = (): void => finish("ended");
    const onMessage = (reply: ThreadReply): void => {
      const value = pick(reply);
      if (value !== undefined) finish(value);
    };
    // A reply that came while this thread was busy is still taken.
    const timer = setTimeout(() => setImmediate(() => finish("late")), timeoutMs);
    worker.on("message", onMessage);
    worker.once("error", onEnd);
    worker.once("exit", onEnd);
  });
}
