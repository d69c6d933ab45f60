import { sha256Hex } from "../../model/canonical-json.ts";
import type { Finding } from "../../model/finding.ts";

const REMEDY =
  "Split the file or take it out of the branch, or have someone look through it and ask for an override of this rule.";

const RULE = "secrets/unscanned";

/**
 * Something that was not looked at, or not told in full: never passed over. `path` undefined: the message, or the commit as a whole, which is
 * another thing in every commit.
 */
export function unscanned(commit: string, path: string | undefined, message: string): Finding {
  return {
    rule: RULE,
    severity: "high",
    message,
    remedy: REMEDY,
    location: path === undefined ? { commit } : { path, commit },
    fingerprint: sha256Hex(JSON.stringify(path === undefined ? [RULE, null, commit] : [RULE, path])),
  };
}

/** What tells a finding from others whichever commit it stands in: a squash brings again what its commits brought, also what was too much to look at. */
export function inAnyCommit({ rule, location, fingerprint }: Finding): string {
  return rule === RULE && location.path === undefined ? rule : fingerprint;
}
