/** A server on which others have code analysed, and which says what it found. */
export interface QualityServer {
  /**
   * What the server says of one commit, and only of that one.
   * @param about `announced`: what the server itself told, signed, of an analysis of this commit; without it nothing may be known but by asking
   */
  look(about: {
    project: string;
    /** 40-hex. */
    sha: string;
    /** Numbers of the pull requests that have it as their head. */
    pulls: readonly number[];
    announced?: AnnouncedAnalysis | undefined;
  }): Promise<QualityLook>;
  /** Whether it answers, and lets us read the project; in one line why not. */
  access(project: string | undefined): Promise<{ ok: true; version: string } | { ok: false; problem: string }>;
}

/** An analysis of a pull request of which the server told by itself. */
export interface AnnouncedAnalysis {
  /** What the server calls the pull request. */
  pullRequest: string;
  analysedAtMs: number;
}

/**
 * `not-yet`: there is no such analysis, or the server does not answer: it may be asked again. `refused`: somebody has to change something on the server or
 * in what the operator set. `unusable`: there is an analysis, which cannot be had as a whole. Reasons are sentences of ours.
 */
export type QualityLook =
  | {
      is: "analysed";
      /** Pages of the list of issues, as the server gave them. */
      pages: unknown[];
      gate: unknown;
      revision: string;
      /** For people. */
      url: string;
    }
  | { is: "not-yet" | "refused" | "unusable"; reason: string };
