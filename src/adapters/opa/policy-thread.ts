import { parentPort, workerData } from "node:worker_threads";
import type { Verdict } from "../../model/verdict.ts";
import { verdictOf } from "./answer.ts";
import { PolicyBundleError, parseBundle } from "./bundle.ts";
import { type Engine, openEngine, reasonOf, resultOf } from "./engine.ts";

/** What a thread is started with. */
export interface ThreadData {
  bundle: Uint8Array<ArrayBuffer>;
  /** What to call the bundle in problems. */
  name: string;
  entrypoint: string;
  maxMemoryBytes: number;
}

/** One input in JSON. */
export interface ThreadRequest {
  id: number;
  json: ArrayBuffer;
}

export type ThreadReply =
  | { kind: "ready"; revision: string }
  /** The bundle cannot be used. */
  | { kind: "refused"; message: string }
  | { kind: "verdict"; id: number; verdict: Verdict }
  | { kind: "undecided"; id: number; reason: string };

function answer(engine: Engine, { id, json }: ThreadRequest): ThreadReply {
  try {
    return { kind: "verdict", id, verdict: verdictOf(resultOf(engine.evaluate(json))) };
  } catch (error) {
    return { kind: "undecided", id, reason: reasonOf(error).slice(0, 500) };
  }
}

/** The thread's program: everything that reads or runs the policy happens here, where it can be ended. */
async function serve(port: NonNullable<typeof parentPort>): Promise<void> {
  const { bundle, name, entrypoint, maxMemoryBytes } = workerData as ThreadData;
  try {
    const parsed = await parseBundle(bundle, name);
    const engine = await openEngine(parsed, entrypoint, maxMemoryBytes);
    port.on("message", (request: ThreadRequest) => port.postMessage(answer(engine, request)));
    port.postMessage({ kind: "ready", revision: parsed.revision } satisfies ThreadReply);
  } catch (error) {
    const message =
      error instanceof PolicyBundleError ? error.message : `The policy cannot be used: ${reasonOf(error)}.`;
    port.postMessage({ kind: "refused", message: message.slice(0, 1_000) } satisfies ThreadReply);
  }
}

if (parentPort) await serve(parentPort);
