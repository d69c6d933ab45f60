/**
 * The identity of one thing that is reconciled. The queue carries keys, never events: an event only says "look again at this".
 * Every key names the installation, so that nothing can be confused between two of them.
 */
export type Key =
  | { kind: "pull"; installationId: number; repositoryId: number; number: number }
  /** One commit's checks: whatever is written to a (repository, SHA) is written by the holder of this key's lease. */
  | { kind: "commit"; installationId: number; repositoryId: number; sha: string }
  /** A merge queue's commit, judged as a whole; what it says is written by the commit's own key. */
  | { kind: "merge-group"; installationId: number; repositoryId: number; sha: string }
  /** The scans of one commit that run elsewhere: whatever is started, cancelled or given up of them is by the holder of this key's lease. */
  | { kind: "scan"; installationId: number; repositoryId: number; sha: string }
  | { kind: "repository"; installationId: number; repositoryId: number }
  /** The first configuration that is proposed to a repository. */
  | { kind: "onboarding"; installationId: number; repositoryId: number }
  /** Who is told that they are awaited at one pull request. */
  | { kind: "notice"; installationId: number; repositoryId: number; number: number }
  /** One pull request's preview: whatever is made, changed or removed for it on a cluster is by the holder of this key's lease. */
  | { kind: "preview"; installationId: number; repositoryId: number; number: number }
  | { kind: "installation"; installationId: number };

export type PreviewKey = Key & { kind: "preview" };

/** `pull/7/42/12`, `commit/7/42/<40-hex>`, `merge-group/7/42/<40-hex>`, `repository/7/42`, `installation/7`. The inverse of {@link parseKey}. */
export function formatKey(key: Key): string {
  switch (key.kind) {
    case "pull":
    case "notice":
    case "preview":
      return `${key.kind}/${key.installationId}/${key.repositoryId}/${key.number}`;
    case "commit":
    case "merge-group":
    case "scan":
      return `${key.kind}/${key.installationId}/${key.repositoryId}/${key.sha}`;
    case "onboarding":
    case "repository":
      return `${key.kind}/${key.installationId}/${key.repositoryId}`;
    case "installation":
      return `installation/${key.installationId}`;
  }
}

const PATTERN =
  /^(?:(pull)\/(\d+)\/(\d+)\/(\d+)|(commit|merge-group|scan)\/(\d+)\/(\d+)\/([0-9a-f]{40})|(repository|onboarding)\/(\d+)\/(\d+)|(installation)\/(\d+)|(notice|preview)\/(\d+)\/(\d+)\/(\d+))$/;

/** @throws {Error} when the text is not a key: keys are written by us alone, so this is a broken store. */
export function parseKey(text: string): Key {
  const m = PATTERN.exec(text);
  if (m?.[1]) return { kind: "pull", installationId: Number(m[2]), repositoryId: Number(m[3]), number: Number(m[4]) };
  const kind = m?.[5] as "commit" | "merge-group" | "scan" | undefined;
  if (m && kind) return { kind, installationId: Number(m[6]), repositoryId: Number(m[7]), sha: String(m[8]) };
  const whole = m?.[9] as "repository" | "onboarding" | undefined;
  if (m && whole) return { kind: whole, installationId: Number(m[10]), repositoryId: Number(m[11]) };
  if (m?.[12]) return { kind: "installation", installationId: Number(m[13]) };
  const small = m?.[14] as "notice" | "preview" | undefined;
  if (m && small)
    return { kind: small, installationId: Number(m[15]), repositoryId: Number(m[16]), number: Number(m[17]) };
  throw new Error(`not a key: ${JSON.stringify(text)}`);
}
