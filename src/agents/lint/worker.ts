import { parentPort } from "node:worker_threads";
import { lintAgents } from "../lint.ts";
import type { LintReply, LintRequest } from "./apart.ts";

parentPort?.once("message", ({ files, known }: LintRequest) => {
  const reply: LintReply = lintAgents(files, new Set(known));
  parentPort?.postMessage(reply);
});
