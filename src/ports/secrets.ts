/** Where the operator keeps credentials. What it gives is never logged and never put into a record. */
export interface Secrets {
  /**
   * @param reference `env:NAME` or `file:NAME`, as the operator's files have it
   * @throws {SecretError}
   */
  resolve(reference: string): Promise<string>;
}

/** The secret is not to be had. The message names the reference, and nothing of what it stands for. */
export class SecretError extends Error {
  override readonly name = "SecretError";
}
