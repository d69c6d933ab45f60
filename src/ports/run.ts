import type { Lease } from "./queue.ts";

/** One run of a key: what the reconciler is given besides the world. */
export interface Run {
  key: string;
  lease: Pick<Lease, "attempt" | "causes">;
  /** Rejects with {@link LeaseLostError} when another run owns the key by now. Asked before every write to the outside (invariant I6). */
  fence(): Promise<void>;
}

export class LeaseLostError extends Error {
  override readonly name = "LeaseLostError";
  constructor(key: string) {
    super(`the lease of ${key} is no longer ours`);
  }
}
