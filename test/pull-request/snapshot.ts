import type { Snapshot } from "../../src/model/snapshot.ts";

/** A pull request that nothing speaks against. */
export const SNAPSHOT: Snapshot = {
  repository: { id: 1, owner: "acme", name: "shop", defaultBranch: "main" },
  pull: {
    number: 1,
    title: "",
    state: "open",
    merged: false,
    draft: false,
    headSha: "c".repeat(40),
    headRef: "feature",
    fork: false,
    baseRef: "main",
    baseSha: "d".repeat(40),
    author: { login: "ada", id: 1, type: "User" },
    authorAssociation: "MEMBER",
    labels: [],
    commits: 1,
    changedFiles: 1,
    url: "",
  },
  lastPusher: "ada",
  config: { valid: true, mode: "enforce", required_scans: [], approvals: { count: 0 }, overrides: [] },
  approvals: [],
  touchesTrustedPaths: [],
  scans: [],
  hold: null,
  overrides: [],
  okToTest: null,
  unknown: [],
};
