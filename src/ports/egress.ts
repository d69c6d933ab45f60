/** Requests to addresses that somebody configured: chats, webhooks. Never to GitHub, which has a port of its own. */
export interface Egress {
  /**
   * Sends a body and gives back the status; what is answered is not read. It follows no redirects, and it refuses addresses that are not
   * public unless the operator allowed the host.
   * @throws {EgressError}
   */
  post(url: string, body: string, headers: Record<string, string>): Promise<{ status: number }>;
}

/** Questions to addresses that somebody configured, under the same rules. */
export interface EgressReads {
  /**
   * @param options `maxBytes`: most that is read of the answer's body; without it none is
   * @throws {EgressError} also where the body is larger
   */
  read(
    method: "GET" | "HEAD",
    url: string,
    options: { headers?: Record<string, string>; maxBytes?: number },
  ): Promise<{ status: number; headers: Readonly<Record<string, string>>; body: string }>;
}

/** The request was not made, or nobody answered it. The message names the host at most, since the rest of such a URL is a secret. */
export class EgressError extends Error {
  override readonly name = "EgressError";
  /** Somebody answered, with more than was asked for. */
  readonly tooLong: boolean;

  constructor(message: string, tooLong = false) {
    super(message);
    this.tooLong = tooLong;
  }
}
