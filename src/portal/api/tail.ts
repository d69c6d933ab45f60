import type { LedgerEntry, LedgerPlace } from "../../ports/ledger.ts";
import { askWhoListens } from "../still-there.ts";
import type { Viewer } from "../viewer.ts";
import type { ViewDeps } from "../views/deps.ts";
import { type SeenRepository, seenRepositories, seenStreams, sightOver } from "../views/repositories.ts";
import { placeCursor } from "./cursor.ts";

export interface TailLimits {
  /** Connections of one viewer, and in all. */
  perViewer: number;
  inAll: number;
  /** How long one lasts: repositories that are new are seen with the next. */
  lastsMs: number;
  /** How often something is sent, so that nobody between takes the connection for dead. */
  beatMs: number;
  /** How often it is asked who listens: `still-there.ts`. */
  askEveryMs?: number;
}

interface TailFilter {
  stream?: string;
  subject?: string;
  type?: string;
  /** Everything since this entry comes first. */
  after?: LedgerPlace;
}

const LIMITS: TailLimits = { perViewer: 10, inAll: 200, lastsMs: 10 * 60_000, beatMs: 15_000 };
const PAGE = 200;
/** Entries that wait for somebody who reads slowly; beyond, the connection ends and is taken up again where it was. */
const BACKLOG_MAX = 1_000;

/** Connections that follow the ledger, https://html.spec.whatwg.org/multipage/server-sent-events.html */
export class Tails {
  readonly #deps: ViewDeps;
  readonly #limits: TailLimits;
  readonly #open = new Map<string, number>();
  #all = 0;

  constructor(deps: ViewDeps, limits: TailLimits = LIMITS) {
    this.#deps = deps;
    this.#limits = limits;
  }

  /**
   * Undefined when there are too many already.
   * @param viewer an auditor: it ends once they are none any more
   */
  async open(viewer: Viewer, filter: TailFilter, signal: AbortSignal): Promise<Response | undefined> {
    const repositories = await seenRepositories(this.#deps, viewer);
    const who = `${viewer.kind}/${viewer.login.toLowerCase()}`;
    const own = this.#open.get(who) ?? 0;
    if (own >= this.#limits.perViewer || this.#all >= this.#limits.inAll) return undefined;
    this.#open.set(who, own + 1);
    this.#all++;
    const release = (): void => {
      this.#all--;
      const left = (this.#open.get(who) ?? 1) - 1;
      if (left > 0) this.#open.set(who, left);
      else this.#open.delete(who);
    };
    return new Response(this.#stream({ viewer, repositories }, filter, signal, release), {
      headers: { "content-type": "text/event-stream", "cache-control": "no-store", "x-accel-buffering": "no" },
    });
  }

  #stream(
    { viewer, repositories }: { viewer: Viewer; repositories: readonly SeenRepository[] },
    filter: TailFilter,
    signal: AbortSignal,
    release: () => void,
  ): ReadableStream<Uint8Array> {
    const { ledger } = this.#deps.engine;
    const text = new TextEncoder();
    let sees = sightOver(viewer, repositories);
    const wanted = (entry: LedgerEntry): boolean =>
      sees(entry.stream) &&
      (filter.stream === undefined || entry.stream === filter.stream) &&
      (filter.subject === undefined || entry.subject === filter.subject) &&
      (filter.type === undefined || entry.type === filter.type);
    let end = (): void => {};
    return new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          /** What came while the past was still being read. */
          let meanwhile: LedgerEntry[] | undefined = [];
          const told = new Map<string, number>();
          const send = (entry: LedgerEntry): void => {
            // What is both past and present is told once.
            if ((told.get(entry.stream) ?? 0) >= entry.sequence) return;
            told.set(entry.stream, entry.sequence);
            controller.enqueue(text.encode(eventOf(entry)));
            if ((controller.desiredSize ?? 0) < -BACKLOG_MAX) end();
          };
          const stop = ledger.tail((entries) => {
            const mine = entries.filter(wanted);
            if (meanwhile) meanwhile.push(...mine);
            else for (const entry of mine) send(entry);
            if ((meanwhile?.length ?? 0) > BACKLOG_MAX) end();
          });
          const beat = setInterval(() => controller.enqueue(text.encode(": still here\n\n")), this.#limits.beatMs);
          const over = setTimeout(() => end(), this.#limits.lastsMs);
          const listener = {
            is: (now: Viewer) => {
              sees = sightOver(now, repositories);
              if (!now.has("auditor")) end();
            },
            gone: () => end(),
          };
          const stopAsking = askWhoListens(viewer, listener, this.#limits.askEveryMs);
          let ended = false;
          end = () => {
            if (ended) return;
            ended = true;
            stop();
            clearInterval(beat);
            clearTimeout(over);
            stopAsking();
            signal.removeEventListener("abort", end);
            release();
            try {
              controller.close();
            } catch {
              // Whoever read has gone, and closed it themselves.
              return;
            }
          };
          signal.addEventListener("abort", end);
          if (signal.aborted) return end();
          controller.enqueue(text.encode("retry: 2000\n\n"));
          this.#past(viewer, filter, wanted, (entry) => {
            if (!ended) send(entry);
            return !ended;
          }).then(
            () => {
              for (const entry of meanwhile ?? []) if (!ended && wanted(entry)) send(entry);
              meanwhile = undefined;
            },
            () => end(),
          );
        },
        cancel: () => end(),
      },
      new CountQueuingStrategy({ highWaterMark: 16 }),
    );
  }

  /** Everything since the place, in pages; `send` says whether to go on. */
  async #past(
    viewer: Viewer,
    { stream, subject, type, after }: TailFilter,
    wanted: (entry: LedgerEntry) => boolean,
    send: (entry: LedgerEntry) => boolean,
  ): Promise<void> {
    const { ledger } = this.#deps.engine;
    const streams = await seenStreams(this.#deps, viewer);
    const filter = {
      streams,
      ...(stream ? { stream } : {}),
      ...(subject ? { subject } : {}),
      ...(type ? { type } : {}),
    };
    for (let place = after; place; ) {
      const page: LedgerEntry[] = await ledger.query({ ...filter, after: place, limit: PAGE });
      for (const entry of page) if (wanted(entry) && !send(entry)) return;
      place = page.length === PAGE ? page.at(-1) : undefined;
    }
  }
}

/** Neither part of it can hold a line break: JSON escapes them, and types are our own words. */
function eventOf(entry: LedgerEntry): string {
  return `id: ${placeCursor(entry)}\nevent: ${entry.type.replace(/[\r\n]/g, "")}\ndata: ${JSON.stringify(entry)}\n\n`;
}
