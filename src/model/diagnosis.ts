/** `unknown`: it could not be looked at, which is no "ok". */
export type DiagnosisLevel = "ok" | "warn" | "fail" | "unknown";

/** One line of the doctor. */
export interface Diagnosis {
  level: DiagnosisLevel;
  /** Does not change from version to version; `docs/getting-started.md` has a row for each. */
  code: string;
  /** `process`, `app`, `installation acme`, `acme/shop`. */
  where: string;
  /** Whose it is, so that nobody is shown what is not theirs; absent: the process's and the App's own. */
  about?: { owner: string; installationId: number; repositoryId?: number };
  /** One sentence in plain words. */
  what: string;
  /** What mends it, with the link where it is done. */
  fix?: string;
  /** One line for a shell that mends it, too. */
  command?: string;
}
