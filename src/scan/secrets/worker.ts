import { parentPort } from "node:worker_threads";
import { lintSource } from "@secretlint/core";
import { TOOL_CONFIG, toolRuleName } from "./rules.ts";

/** One text for the worker. `name` is a stand-in for the path: see {@link toolFileName}. */
export interface WorkerRequest {
  id: number;
  name: string;
  text: string;
}

/** A place that the tool reported. Its message is left behind here, since it may hold the secret. */
export interface Hit {
  /** `aws/AWSAccessKeyID`. */
  toolRule: string;
  /** Offsets into the text, end exclusive. */
  start: number;
  end: number;
}

export type WorkerReply =
  | { kind: "ready" }
  | { kind: "hits"; id: number; hits: Hit[] }
  | { kind: "failed"; id: number };

async function hitsIn(request: WorkerRequest): Promise<Hit[]> {
  const ext = request.name.includes(".") ? request.name.slice(request.name.lastIndexOf(".")) : ".txt";
  const result = await lintSource({
    source: { filePath: request.name, content: request.text, contentType: "text", ext },
    options: { config: TOOL_CONFIG, maskSecrets: true, noPhysicFilePath: true },
  });
  return result.messages.map((message) => ({
    toolRule: toolRuleName(message.ruleId, message.messageId),
    start: message.range[0],
    end: message.range[1],
  }));
}

const port = parentPort;
if (port) {
  port.on("message", (request: WorkerRequest) => {
    hitsIn(request).then(
      (hits) => port.postMessage({ kind: "hits", id: request.id, hits } satisfies WorkerReply),
      // The error's text may quote what it stumbled on.
      () => port.postMessage({ kind: "failed", id: request.id } satisfies WorkerReply),
    );
  });
  port.postMessage({ kind: "ready" } satisfies WorkerReply);
}
