/** Requests to addresses that somebody configured: chats, webhooks. Never to GitHub, which has a port of its own. */
export interface Egress {
  /**
   * Sends a body and gives back the status; what is answered is not read. It follows no redirects, and it refuses addresses that are not
   * public unless the operator allowed the host.
   * @throws {EgressError}
   */
  post(url: string, body: string, headers: Record<string, string>): Promise<{ status: number }>;
}

/** The request was not made, or nobody answered it. The message names the host at most, since the rest of such a URL is a secret. */
export class EgressError extends Error {
  override readonly name = "EgressError";
}
