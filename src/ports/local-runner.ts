/** What a program on this machine is given for one scan. */
export interface LocalTask {
  /** `HMS_…`; `HMS_TOKEN_FILE` and `HMS_NONCE_FILE` are added. */
  variables: Readonly<Record<string, string>>;
  token: string;
  nonce: string;
  timeoutMs: number;
}

export type LocalSight = { is: "running" } | { is: "over"; timedOut: boolean; reason: string };

/** Runs scans as programs on the machine of HMS-SYS itself, for development. It forgets them with the process. */
export interface LocalRunner {
  /** @returns what this very run of the program is known by */
  start(scan: string, task: LocalTask): string;
  look(scan: string): (LocalSight & { uid: string }) | undefined;
  /** Ends it if it still runs, and removes what it was given. */
  stop(scan: string): void;
  /** Ends all that still run: nobody would know of them any more. */
  close(): void;
}
