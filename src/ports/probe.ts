/** Asks a preview's address whether it answers. */
export interface Probe {
  /**
   * Never rejects. One `GET` of the path below the URL; a redirect is an answer like any other and is not followed.
   *
   * @param readiness the path, and the status that counts as ready
   * @returns `why` is a whole sentence without the body of the answer
   */
  ask(url: string, readiness: { path: string; status: number }): Promise<{ ok: true } | { ok: false; why: string }>;
}
