import { Worker } from "node:worker_threads";
import type { AgentsLint, LintFile } from "./agents-lint.ts";

export interface LintRequest {
  files: readonly LintFile[];
  known: readonly string[];
}

export type LintReply = AgentsLint;

export type LintOutcome = { ok: true; lint: AgentsLint } | { ok: false; why: string };

export interface ApartOptions {
  /** From the start of the thread to its answer. */
  timeoutMs: number;
  memoryMb: number;
  /** The thread's program; tests put a hanging one here. */
  program: URL;
}

const DEFAULTS: ApartOptions = { timeoutMs: 60_000, memoryMb: 512, program: new URL("./worker.ts", import.meta.url) };

/**
 * {@link lintAgents} in a thread of its own, with limits of time and memory: a large hostile configuration takes the parser seconds, which a
 * service that answers others does not have. Never rejects.
 */
export function lintAgentsApart(
  files: readonly LintFile[],
  known: ReadonlySet<string>,
  options: Partial<ApartOptions> = {},
): Promise<LintOutcome> {
  const { timeoutMs, memoryMb, program } = { ...DEFAULTS, ...options };
  return new Promise((resolve) => {
    const worker = new Worker(program, {
      resourceLimits: { maxOldGenerationSizeMb: memoryMb },
      // No part of the process's secrets is needed there.
      env: {},
      stdout: true,
      stderr: true,
    });
    const end = (outcome: LintOutcome) => {
      clearTimeout(timer);
      // Nobody waits for its end: with limits of memory that may take seconds.
      void worker.terminate();
      resolve(outcome);
    };
    const timer = setTimeout(() => end({ ok: false, why: `it took longer than ${timeoutMs / 1000} s` }), timeoutMs);
    worker.once("message", (lint: LintReply) => end({ ok: true, lint }));
    worker.on("error", (error: NodeJS.ErrnoException) => {
      const memory = error.code === "ERR_WORKER_OUT_OF_MEMORY";
      end({ ok: false, why: memory ? `it took more than ${memoryMb} MB of memory` : "its thread failed" });
    });
    worker.once("exit", () => end({ ok: false, why: "its thread ended without an answer" }));
    const request: LintRequest = { files, known: [...known] };
    worker.postMessage(request);
  });
}
