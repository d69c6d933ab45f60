import { setTimeout as delay } from "node:timers/promises";
import type { Context } from "hono";
import { streamSSE } from "hono/streaming";
import type { Logger } from "pino";
import type { Ledger, LedgerEntry, LedgerPlace } from "../../ports/ledger.ts";
import { problem } from "../problem.ts";
import type { Route } from "../route.ts";
import { askWhoListens } from "../still-there.ts";
import type { Viewer } from "../viewer.ts";
import { repositoryOfStream } from "../views/repositories.ts";

export interface LiveOptions {
  ledger: Pick<Ledger, "tail" | "query">;
  log: Pick<Logger, "warn">;
  /** How often something is said where nothing happens, so that no proxy takes the stream for dead; 20 s unless given. */
  heartbeatMs?: number;
  /** After that long a stream ends, and is taken up again; 5 min unless given. */
  lifeMs?: number;
  /** How often it is asked who listens: `still-there.ts`. */
  askEveryMs?: number;
}

const HEARTBEAT_MS = 20_000;
const LIFE_MS = 5 * 60_000;
const STREAMS_PER_VIEWER = 6;
const STREAMS_MAX = 1_000;
/** More repositories than that in one event are said as none, which means any. */
const REPOSITORIES_MAX = 50;
/** Entries that are looked through for a stream that is taken up again; beyond, anything may have happened. */
const MISSED_MAX = 1_000;

/**
 * https://html.spec.whatwg.org/multipage/server-sent-events.html — tells a page that something happened, never what: the page reads itself
 * again. Events are `changed` with `{ repositories: ["installation/repository id"] }`, none of them meaning any, and only of those that the viewer sees.
 */
export function liveRoute({
  ledger,
  log,
  heartbeatMs = HEARTBEAT_MS,
  lifeMs = LIFE_MS,
  askEveryMs,
}: LiveOptions): Route {
  const open = new Map<string, number>();
  let all = 0;

  const stream = (context: Context, viewer: Viewer): Response => {
    const name = `${viewer.kind} ${viewer.login}`;
    const own = open.get(name) ?? 0;
    if (own >= STREAMS_PER_VIEWER || all >= STREAMS_MAX) {
      return problem("too-many-requests", "There are too many live streams.", { "retry-after": "30" });
    }
    open.set(name, own + 1);
    all += 1;
    const gone = (): void => {
      const left = (open.get(name) ?? 1) - 1;
      if (left > 0) open.set(name, left);
      else open.delete(name);
      all -= 1;
    };
    context.header("x-accel-buffering", "no");
    const place = placeOf(context.req.header("last-event-id") ?? context.req.query("after"));
    const from = place && repositoryOfStream(place.stream);
    // Whether there is a place that the viewer does not see must not show in what comes after it.
    const after = from && viewer.sees(from.installationId, from.repositoryId) ? place : undefined;
    return streamSSE(context, async (sse) => {
      const news = new News(viewer);
      const stop = ledger.tail((entries) => news.add(entries));
      // Not only where the writing ends: what nobody reads is never written to its end.
      const end = (): void => {
        if (news.ended) return;
        news.end();
        clearTimeout(life);
        stopAsking();
        stop();
        gone();
      };
      sse.onAbort(end);
      const life = setTimeout(end, lifeMs);
      const listener = { is: (now: Viewer) => news.isFor(now), gone: end };
      const stopAsking = askWhoListens(viewer, listener, askEveryMs);
      try {
        if (after) {
          const missed = await ledger.query({ after, limit: MISSED_MAX });
          news.add(missed, missed.length === MISSED_MAX);
        }
        await sse.writeSSE({ event: "hello", data: "{}", retry: 3_000 });
        while (!news.ended) {
          const said = await news.next(heartbeatMs);
          if (news.ended) break;
          await (said ? sse.writeSSE({ event: "changed", ...said }) : sse.write(": still here\n\n"));
        }
      } catch (error) {
        // Its words are for who runs this, not for who listens: the page takes the stream up again.
        log.warn({ err: error }, "a live stream broke off");
      } finally {
        end();
      }
    });
  };
  return {
    method: "GET",
    path: "/live",
    access: "reader",
    summary: "Server-sent events: which repositories something happened in.",
    handler: stream,
  };
}

/** `repository/7/42:13`, as ids of events and addresses of pages write an entry's place. */
export function placeOf(text: string | undefined): LedgerPlace | undefined {
  const [, stream, sequence] = /^([a-z]+(?:\/\d{1,16}){1,2}):(\d{1,15})$/.exec(text ?? "") ?? [];
  return stream && sequence ? { stream, sequence: Number(sequence) } : undefined;
}

/** What one stream still has to say, however much happens: the repositories, and the last entry of them. */
class News {
  #viewer: Viewer;
  readonly #repositories = new Set<string>();
  #last: LedgerPlace | undefined;
  #any = false;
  #ended = false;
  #wake: AbortController | undefined;

  constructor(viewer: Viewer) {
    this.#viewer = viewer;
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** @param more whether there are more than these, of which nothing is known. */
  add(entries: readonly LedgerEntry[], more = false): void {
    this.#any ||= more;
    for (const { stream, sequence } of entries) {
      const [, installation, repository] = /^repository\/(\d+)\/(\d+)$/.exec(stream) ?? [];
      if (!repository || !this.#viewer.sees(Number(installation), Number(repository))) continue;
      this.#repositories.add(`${installation}/${repository}`);
      this.#last = { stream, sequence };
    }
    if (this.#last) this.#wake?.abort();
  }

  /** What comes from now on is told to this viewer. */
  isFor(viewer: Viewer): void {
    this.#viewer = viewer;
  }

  end(): void {
    this.#ended = true;
    this.#wake?.abort();
  }

  /** What is new, as soon as something is; undefined after `ms` without. */
  async next(ms: number): Promise<{ id: string; data: string } | undefined> {
    if (!this.#last && !this.#ended) {
      this.#wake = new AbortController();
      await delay(ms, undefined, { signal: this.#wake.signal, ref: false }).catch((error: unknown) => {
        if (!(error instanceof Error && error.name === "AbortError")) throw error;
      });
    }
    if (!this.#last) return undefined;
    const id = `${this.#last.stream}:${this.#last.sequence}`;
    const any = this.#any || this.#repositories.size > REPOSITORIES_MAX;
    const repositories = any ? [] : [...this.#repositories];
    this.#any = false;
    this.#repositories.clear();
    this.#last = undefined;
    return { id, data: JSON.stringify({ repositories }) };
  }
}
