export type LoggedRequest = {
  method: string;
  /** With the query, without the Enterprise Server prefix. */
  path: string;
  status: number;
  installationId: number | undefined;
  at: Date;
};

/** The last API calls, oldest first; git traffic is not in it. */
export class RequestLog {
  private entries: LoggedRequest[] = [];
  private readonly limit: number;
  private countAll = 0;

  constructor(limit = 100_000) {
    this.limit = limit;
  }

  add(entry: LoggedRequest): void {
    this.countAll += 1;
    this.entries.push(entry);
    if (this.entries.length > this.limit * 2) this.entries = this.entries.slice(-this.limit);
  }

  /** All, or those that match. */
  list(filter: { method?: string; path?: RegExp; status?: number; installationId?: number } = {}): LoggedRequest[] {
    return this.entries
      .slice(-this.limit)
      .filter(
        (entry) =>
          (filter.method === undefined || entry.method === filter.method) &&
          (filter.path === undefined || filter.path.test(entry.path)) &&
          (filter.status === undefined || entry.status === filter.status) &&
          (filter.installationId === undefined || entry.installationId === filter.installationId),
      );
  }

  /** Calls since the start or the last `clear`; those that cost quota are all but the 304s. */
  counts(): { all: number; notModified: number; charged: number } {
    const notModified = this.list({ status: 304 }).length;
    return { all: this.countAll, notModified, charged: this.countAll - notModified };
  }

  clear(): void {
    this.entries = [];
    this.countAll = 0;
  }
}
