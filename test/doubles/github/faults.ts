export type Fault = {
  method?: string;
  /** Tested against the path with its query, without the Enterprise Server prefix. */
  path: RegExp;
  /** Answers with this instead of doing anything. */
  status?: number;
  body?: unknown;
  /** Added to the answer, injected or real. */
  headers?: Record<string, string>;
  /** How often; for ever unless given. */
  times?: number;
  delayMs?: number;
  /** `before`: nothing happens and nothing is answered; `after`: it happens, but the answer is lost. */
  dropConnection?: "before" | "after";
};

type Armed = { fault: Fault; left: number };

/** Faults that were asked for, first come first served. */
export class Faults {
  private armed: Armed[] = [];

  /** Returns what takes the fault back. */
  add(fault: Fault): () => void {
    const armed = { fault, left: fault.times ?? Number.POSITIVE_INFINITY };
    this.armed.push(armed);
    return () => {
      this.armed = this.armed.filter((other) => other !== armed);
    };
  }

  take(method: string, path: string): Fault | undefined {
    const found = this.armed.find(
      ({ fault, left }) => left > 0 && (fault.method ?? method).toUpperCase() === method && fault.path.test(path),
    );
    if (!found) return undefined;
    found.left -= 1;
    if (found.left <= 0) this.armed = this.armed.filter((other) => other !== found);
    return found.fault;
  }

  clear(): void {
    this.armed = [];
  }
}
