/** A made-up flaw of one package, in every version before 1.3.0. */
export const ID = "GHSA-aaaa-bbbb-cccc";
/** As osv.dev exports it: https://ossf.github.io/osv-schema/ */
export const VULNERABILITY = {
  schema_version: "1.6.0",
  id: ID,
  modified: "2026-01-01T00:00:00Z",
  published: "2026-01-01T00:00:00Z",
  summary: "left-pad pads wrongly",
  severity: [{ type: "CVSS_V3", score: "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H" }],
  affected: [
    {
      package: { ecosystem: "npm", name: "left-pad" },
      ranges: [{ type: "SEMVER", events: [{ introduced: "0" }, { fixed: "1.3.0" }] }],
    },
  ],
};

/** A lock file that has left-pad in that version. */
export const lockFile = (version: string): string =>
  JSON.stringify({
    name: "shop",
    version: "1.0.0",
    lockfileVersion: 3,
    packages: {
      "": { name: "shop", dependencies: { "left-pad": version } },
      "node_modules/left-pad": { version, resolved: "x", integrity: "sha512-x" },
    },
  });
