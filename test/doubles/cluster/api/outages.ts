import type { Socket } from "node:net";
import { setTimeout as wait } from "node:timers/promises";

/** What is wrong with the way to the API server. */
export type Outage =
  /** Connections end before they say anything, the ones that are open too. */
  | { kind: "refuse" }
  /** Every answer takes so long. */
  | { kind: "slow"; delayMs: number }
  /** The store behind the API does not answer. */
  | { kind: "error" }
  /** Requests arrive and are done, but the answers to writes and reads get lost. */
  | { kind: "lost-answers" }
  /** Requests are cut before they are done. */
  | { kind: "cut" };

/** Switches for what goes wrong between a client and the API server; the controllers of the cluster are not in the way. */
export class Outages {
  readonly #sockets = new Set<Socket>();
  #outage: Outage | undefined;
  #only: RegExp | undefined;

  /** `only`: of requests like `GET /api/v1/…`; all unless given. */
  begin(outage: Outage, only?: RegExp): () => void {
    this.#outage = outage;
    this.#only = only;
    if (outage.kind === "refuse") for (const socket of this.#sockets) socket.destroy();
    return () => {
      if (this.#outage === outage) this.#outage = undefined;
    };
  }

  connected(socket: Socket): void {
    if (this.#outage?.kind === "refuse") {
      socket.destroy();
      return;
    }
    this.#sockets.add(socket);
    socket.on("close", () => this.#sockets.delete(socket));
  }

  async before(method: string, path: string): Promise<"error" | "cut" | undefined> {
    if (!this.#outage || !(this.#only?.test(`${method} ${path}`) ?? true)) return undefined;
    this.#loses = this.#outage.kind === "lost-answers";
    if (this.#outage.kind === "slow") await wait(this.#outage.delayMs);
    return this.#outage?.kind === "error" || this.#outage?.kind === "cut" ? this.#outage.kind : undefined;
  }

  #loses = false;

  /** Whether the answer that is about to be sent is lost. */
  losesAnswer(): boolean {
    const lost = this.#loses;
    this.#loses = false;
    return lost;
  }
}
