import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import {
  BrokenCircuitError,
  bulkhead,
  CircuitState,
  ConsecutiveBreaker,
  circuitBreaker,
  DelegateBackoff,
  handleType,
  handleWhen,
  type IPolicy,
  retry,
  wrap,
} from "cockatiel";
import { ClusterError } from "../../ports/cluster.ts";
import { span } from "../../ports/span.ts";
import type { Credential } from "./credential.ts";
import { statusIn, toClusterError } from "./faults.ts";

const FAILURES_UNTIL_OPEN = 5;
const MAX_ANSWER_BYTES = 64 * 1024 * 1024;
/** A server that asks for a longer rest gets it from the queue, not from a caller that waits. */
const MAX_RETRY_AFTER_MS = 5_000;

export interface Question {
  method: "GET" | "POST" | "PATCH" | "DELETE";
  path: string;
  query?: Record<string, string>;
  body?: string;
  contentType?: string;
  /** It changes nothing, so it may be asked again. */
  read: boolean;
  /** Plural of the kind that it is about, or the path of what is none: for metrics. */
  about: string;
}

export interface Answer {
  status: number;
  /** JSON; undefined where it is none. */
  body: unknown;
}

/** What was asked of a cluster, for metrics: no namespace, no name. */
export interface ClusterCall {
  cluster: string;
  method: Question["method"] | "WATCH";
  about: string;
  /** HTTP status; 0 where there was no answer. */
  status: number;
  durationMs: number;
}

export interface ConnectionOptions {
  cluster: string;
  credential: Credential;
  /** For one request and its whole answer. */
  timeoutMs: number;
  /** Most requests at a time. */
  concurrency: number;
  /** How long an API server that failed five times in a row is left alone. */
  restMs: number;
  counted(call: ClusterCall): void;
  /** Told when it begins and when it ends that the API server is left alone. */
  broken?(is: boolean): void;
}

/** No answer at all, or one of a server that is not there for anybody: the next question will hardly fare better. */
class AwayError extends ClusterError {}

/** Too many requests; it had no effect. */
class BusyError extends ClusterError {
  readonly retryAfterMs: number;
  constructor(cluster: string, message: string, retryAfterMs: number) {
    super(cluster, "unavailable", 429, message);
    this.retryAfterMs = retryAfterMs;
  }
}

/** Asks one cluster's API server. Rejects with {@link ClusterError} where there is no answer to work with: fault `unavailable`, or `forbidden` by 401. */
export class Connection {
  readonly cluster: string;
  readonly #options: ConnectionOptions;
  readonly #writes: IPolicy;
  readonly #reads: IPolicy;
  // Idle sockets are let go by Node while a process ends.
  readonly #agents = { http: new HttpAgent({ keepAlive: true }), https: new HttpsAgent({ keepAlive: true }) };
  #refreshedMs = Number.NEGATIVE_INFINITY;

  constructor(options: ConnectionOptions) {
    this.cluster = options.cluster;
    this.#options = options;
    const breaker = circuitBreaker(handleType(AwayError), {
      halfOpenAfter: options.restMs,
      breaker: new ConsecutiveBreaker(FAILURES_UNTIL_OPEN),
    });
    breaker.onStateChange((state) => options.broken?.(state !== CircuitState.Closed));
    this.#writes = wrap(bulkhead(options.concurrency, Number.POSITIVE_INFINITY), breaker);
    const backoff = new DelegateBackoff<{ attempt: number; result: unknown }>(({ attempt, result }) =>
      pauseMs(attempt, (result as { error?: unknown }).error),
    );
    const again = handleWhen((error) => error instanceof AwayError || isBriefly(error));
    this.#reads = wrap(retry(again, { maxAttempts: 2, backoff }), this.#writes);
  }

  async ask(question: Question): Promise<Answer> {
    const policy = question.read ? this.#reads : this.#writes;
    const attributes = { "hms.cluster": this.cluster, "http.method": question.method, "hms.kind": question.about };
    return span("kubernetes", { kind: "client", attributes }, async () => {
      try {
        return await policy.execute(() => this.#authorized(question));
      } catch (error) {
        if (!(error instanceof BrokenCircuitError)) throw error;
        const rest = `is left alone for ${this.#options.restMs / 1_000} s after ${FAILURES_UNTIL_OPEN} failures in a row`;
        throw new ClusterError(this.cluster, "unavailable", 0, `The cluster ${this.cluster} ${rest}.`);
      }
    });
  }

  /** The response as it comes: its status is 200, and its end is the caller's to await. */
  async open(
    path: string,
    query: Record<string, string>,
    about: string,
    signal: AbortSignal,
  ): Promise<IncomingMessage> {
    const question: Question = { method: "GET", path, query, read: true, about };
    const waited = new AbortController();
    const timer = setTimeout(() => waited.abort(), this.#options.timeoutMs);
    const startedMs = performance.now();
    let status = 0;
    try {
      const response = await this.#send(question, AbortSignal.any([signal, waited.signal]), signal);
      status = response.statusCode ?? 0;
      if (status === 200) return response;
      if (status === 401) this.#refresh();
      throw toClusterError(this.cluster, status, statusIn(await raced(this.#read(response), waited.signal)));
    } catch (error) {
      throw error instanceof ClusterError ? error : this.#away(error);
    } finally {
      clearTimeout(timer);
      this.#counted("WATCH", about, status, startedMs);
    }
  }

  /** A 401 has had no effect: asking once more with a fresh credential is safe even for writes. */
  async #authorized(question: Question): Promise<Answer> {
    const answer = await this.#once(question);
    return answer.status === 401 && this.#refresh() ? this.#once(question) : answer;
  }

  /** No more often than every ten seconds: an exec plugin may be slow, or ask a person. */
  #refresh(): boolean {
    if (performance.now() - this.#refreshedMs < 10_000) return false;
    this.#refreshedMs = performance.now();
    this.#options.credential.refresh();
    return true;
  }

  async #once(question: Question): Promise<Answer> {
    const startedMs = performance.now();
    let status = 0;
    const signal = AbortSignal.timeout(this.#options.timeoutMs);
    try {
      const response = await this.#send(question, signal, signal);
      const answer = { status: response.statusCode ?? 0, body: await this.#read(response) };
      status = answer.status;
      // A plain 500 is about this request: a webhook that failed, say. The server itself is there.
      if (status <= 500 && status !== 429) return answer;
      const error = toClusterError(this.cluster, status, statusIn(answer.body));
      if (status === 429) throw new BusyError(this.cluster, error.message, secondsIn(response) * 1_000);
      throw new AwayError(this.cluster, "unavailable", status, error.message);
    } catch (error) {
      if (error instanceof ClusterError) throw error;
      // An answer that is cut short by the time-out looks like one that broke off.
      throw this.#away(signal.aborted ? signal.reason : error);
    } finally {
      this.#counted(question.method, question.about, status, startedMs);
    }
  }

  /** @param untilAnswered ends the wait for the answer's head, `throughout` also what comes after it. */
  async #send(question: Question, untilAnswered: AbortSignal, throughout: AbortSignal): Promise<IncomingMessage> {
    const { method, path, query = {}, body, contentType = "application/json" } = question;
    const { credential } = this.#options;
    const options = await raced(credential.options(), untilAnswered).catch((error: unknown) => {
      if (untilAnswered.aborted) throw error;
      // Its text may quote what a plugin printed.
      const why = `The credential of the cluster ${this.cluster} cannot be had (${codeOf(error)}).`;
      throw new ClusterError(this.cluster, "forbidden", 0, why);
    });
    const url = new URL(`${credential.server}${path}?${new URLSearchParams(query)}`);
    const secure = url.protocol === "https:";
    return new Promise((resolve, reject) => {
      const request = (secure ? httpsRequest : httpRequest)(url, {
        agent: secure ? this.#agents.https : this.#agents.http,
        ...options,
        method,
        signal: throughout,
        headers: {
          ...options.headers,
          accept: "application/json",
          "user-agent": "hms-sys",
          ...(body === undefined ? {} : { "content-type": contentType, "content-length": Buffer.byteLength(body) }),
        },
      });
      const giveUp = () => request.destroy(untilAnswered.reason as Error);
      untilAnswered.addEventListener("abort", giveUp, { once: true });
      request.once("error", reject);
      request.once("response", (response) => {
        untilAnswered.removeEventListener("abort", giveUp);
        resolve(response);
      });
      request.end(body);
    });
  }

  async #read(response: IncomingMessage): Promise<unknown> {
    const chunks: Buffer[] = [];
    let sizeBytes = 0;
    for await (const chunk of response as AsyncIterable<Buffer>) {
      sizeBytes += chunk.byteLength;
      // Leaving the loop by a throw closes the socket.
      if (sizeBytes > MAX_ANSWER_BYTES)
        throw new ClusterError(
          this.cluster,
          "unavailable",
          0,
          `An answer of the cluster ${this.cluster} is too large.`,
        );
      chunks.push(chunk);
    }
    try {
      return JSON.parse(Buffer.concat(chunks).toString("utf8"));
    } catch {
      return undefined;
    }
  }

  #away(error: unknown): AwayError {
    const message = `The cluster ${this.cluster} did not answer (${codeOf(error)}).`;
    return new AwayError(this.cluster, "unavailable", 0, message);
  }

  #counted(method: ClusterCall["method"], about: string, status: number, startedMs: number): void {
    this.#options.counted({
      cluster: this.cluster,
      method,
      about,
      status,
      durationMs: performance.now() - startedMs,
    });
  }
}

function isBriefly(error: unknown): boolean {
  return error instanceof BusyError && error.retryAfterMs <= MAX_RETRY_AFTER_MS;
}

/** With jitter, so that many who lost the same server do not come back in step. */
function pauseMs(attempt: number, error: unknown): number {
  const asked = error instanceof BusyError ? error.retryAfterMs : 0;
  return asked + 100 * 2 ** attempt * (0.5 + Math.random());
}

/** The API server gives seconds, never a date. */
function secondsIn(response: IncomingMessage): number {
  const seconds = Number(response.headers["retry-after"] ?? 1);
  return Number.isFinite(seconds) && seconds >= 0 ? seconds : 1;
}

function raced<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const giveUp = () => reject(signal.reason);
    if (signal.aborted) giveUp();
    signal.addEventListener("abort", giveUp, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", giveUp));
  });
}

/** A code or a kind; messages of the network could quote what was sent. */
function codeOf(error: unknown): string {
  const { code, name, cause } = (error ?? {}) as { code?: unknown; name?: unknown; cause?: { name?: unknown } };
  if ([name, cause?.name].includes("TimeoutError") || name === "AbortError") return "time-out";
  return typeof code === "string" ? code : String(name ?? "error");
}
