import type { IncomingMessage } from "node:http";
import { setTimeout as pause } from "node:timers/promises";
import type { Logger } from "pino";
import type { KubeObject, ObjectKind } from "../../model/kubernetes.ts";
import { ClusterError, type Watch } from "../../ports/cluster.ts";
import { statusIn, toClusterError } from "./faults.ts";
import { KnownObjects } from "./known-objects.ts";
import { linesOf } from "./lines.ts";
import { objectIn, type Page } from "./objects.ts";

export interface WatchTimes {
  log: Pick<Logger, "info" | "warn" | "error">;
  /** The API server sends a bookmark each minute: after so long without anything the connection is dead, whatever TCP says. */
  silenceMs: number;
  /** How long what is known stands after the connection was lost. */
  graceMs: number;
  /** The first pause after a failure; doubles up to 10 s, with jitter. */
  backoffMs: number;
}

export interface FollowOptions {
  cluster: string;
  kind: ObjectKind;
  /** A label by whose value objects are looked up. */
  groupedBy: string | undefined;
  list(): Promise<Pick<Page, "items" | "resourceVersion">>;
  open(query: Record<string, string>, signal: AbortSignal): Promise<IncomingMessage>;
  changed(object: KubeObject, what: "changed" | "gone"): void;
  now(): number;
  times: WatchTimes;
}

const MAX_BACKOFF_MS = 10_000;
const MAX_EVENT_BYTES = 16 * 1024 * 1024;

/** The version that was asked for is no longer kept: https://kubernetes.io/docs/reference/using-api/api-concepts/#410-gone-responses */
class ExpiredError extends Error {}

export function followObjects(options: FollowOptions): Watch {
  return new Follower(options);
}

class Follower implements Watch {
  readonly #options: FollowOptions;
  readonly #stopped = new AbortController();
  #known: KnownObjects | undefined;
  /** Undefined: a list is needed. */
  #version: string | undefined;
  #open = false;
  #contactMs = Number.NEGATIVE_INFINITY;
  #failures = 0;

  constructor(options: FollowOptions) {
    this.#options = options;
    void this.#run();
  }

  objects(group?: string): readonly KubeObject[] | undefined {
    const { now, times } = this.#options;
    const reliableMs = this.#open ? times.silenceMs : times.graceMs;
    if (this.#known === undefined || now() - this.#contactMs > reliableMs) return undefined;
    return this.#known.list(group);
  }

  stop(): void {
    this.#stopped.abort();
    this.#known = undefined;
  }

  async #run(): Promise<void> {
    while (!this.#stopped.signal.aborted) {
      try {
        if (this.#version === undefined) await this.#relist();
        await this.#follow(this.#version ?? "");
      } catch (error) {
        if (this.#stopped.signal.aborted) return;
        this.#failed(error);
      }
      const waitMs = Math.min(this.#options.times.backoffMs * 2 ** this.#failures, MAX_BACKOFF_MS);
      // Whoever lost the same server does not come back in step. The wait keeps no process alive.
      const wait = pause(waitMs * (0.5 + Math.random() / 2), undefined, { signal: this.#stopped.signal, ref: false });
      await wait.catch(() => undefined);
    }
  }

  #failed(error: unknown): void {
    const { cluster, kind, times } = this.#options;
    this.#failures++;
    if (error instanceof ExpiredError) {
      this.#version = undefined;
      times.log.info({ cluster, kind: kind.plural }, "watch expired, listing anew");
      return;
    }
    const fault = error instanceof ClusterError ? error.fault : "unavailable";
    const reason = error instanceof ClusterError ? error.message : "the connection broke off";
    // Once, until it works again.
    if (this.#failures === 1) times.log.warn({ cluster, kind: kind.plural, fault, reason }, "watch interrupted");
    // What the API no longer serves, or we may no longer see, may have changed without a word.
    if (fault !== "unavailable") this.#version = undefined;
  }

  /** Not when the connection opens: one that breaks off each time at once does not work. */
  #worked(): void {
    const { cluster, kind, times } = this.#options;
    if (this.#failures > 0) times.log.info({ cluster, kind: kind.plural }, "watch works again");
    this.#failures = 0;
  }

  async #relist(): Promise<void> {
    const { items, resourceVersion } = await this.#options.list();
    if (this.#stopped.signal.aborted) return;
    this.#contactMs = this.#options.now();
    const before = this.#known;
    const known = new KnownObjects(this.#options.groupedBy, items);
    this.#known = known;
    this.#version = resourceVersion;
    for (const object of items) {
      const old = before?.like(object);
      if (old !== undefined && old.metadata.uid !== object.metadata.uid) this.#tell(old, "gone");
      if (old?.metadata.resourceVersion !== object.metadata.resourceVersion) this.#tell(object, "changed");
    }
    for (const old of before?.list() ?? []) if (known.like(old) === undefined) this.#tell(old, "gone");
  }

  /** Resolves when the server ends the stream, as it does every few minutes. */
  async #follow(resourceVersion: string): Promise<void> {
    const { times, now } = this.#options;
    const silence = new AbortController();
    const signal = AbortSignal.any([this.#stopped.signal, silence.signal]);
    // Spread, so that a thousand watches are not renewed in the same second.
    const timeoutSeconds = String(240 + Math.floor(Math.random() * 120));
    const query = { watch: "true", allowWatchBookmarks: "true", resourceVersion, timeoutSeconds };
    let watchdog: NodeJS.Timeout | undefined;
    const heard = () => {
      this.#contactMs = now();
      clearTimeout(watchdog);
      watchdog = setTimeout(() => silence.abort(), times.silenceMs).unref();
    };
    try {
      const response = await this.#options.open(query, signal);
      this.#open = true;
      heard();
      for await (const line of linesOf(response, MAX_EVENT_BYTES)) {
        if (this.#stopped.signal.aborted) return;
        this.#event(line);
        heard();
        this.#worked();
      }
      this.#worked();
    } finally {
      clearTimeout(watchdog);
      this.#open = false;
    }
  }

  /** https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes */
  #event(line: string): void {
    const { cluster, kind } = this.#options;
    const event = parsed(line);
    if (event?.type === "ERROR") {
      const status = statusIn(event.object);
      const code = Number((event.object as { code?: unknown } | undefined)?.code ?? 500);
      if (code === 410) throw new ExpiredError();
      throw toClusterError(cluster, code, status);
    }
    const object = objectIn(withKind(event?.object, kind));
    const isBookmark = event?.type === "BOOKMARK";
    const version = object?.metadata.resourceVersion ?? (isBookmark ? versionIn(event?.object) : undefined);
    // A gap would be a change that nobody ever hears of.
    if (version === undefined) throw new ExpiredError();
    this.#version = version;
    if (isBookmark || object === undefined) return;
    if (event?.type === "DELETED") {
      this.#known?.delete(object);
      this.#tell(object, "gone");
    } else {
      this.#known?.set(object);
      this.#tell(object, "changed");
    }
  }

  #tell(object: KubeObject, what: "changed" | "gone"): void {
    const { changed, cluster, kind, times } = this.#options;
    if (this.#stopped.signal.aborted) return;
    try {
      changed(object, what);
    } catch (err) {
      times.log.error({ err, cluster, kind: kind.plural }, "a change could not be passed on");
    }
  }
}

/** Undefined where the line is no event: what follows it cannot be trusted either. */
function parsed(line: string): { type?: unknown; object?: unknown } | undefined {
  try {
    const event: unknown = JSON.parse(line);
    return typeof event === "object" && event !== null ? event : undefined;
  } catch {
    return undefined;
  }
}

/** A bookmark has no name, so it is no object. */
function versionIn(object: unknown): string | undefined {
  const { resourceVersion } = (object as { metadata?: { resourceVersion?: unknown } } | undefined)?.metadata ?? {};
  return typeof resourceVersion === "string" ? resourceVersion : undefined;
}

function withKind(object: unknown, { apiVersion, kind }: ObjectKind): unknown {
  return typeof object === "object" && object !== null ? { apiVersion, kind, ...object } : object;
}
