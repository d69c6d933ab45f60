/**
 * The `.github/hms.yml` that is proposed to a new repository: valid as it stands and without effect beyond the defaults, with everything else
 * to be uncommented. A test uncomments it.
 */
export const PROPOSED_FILE = `# HMS-SYS reads this file from the default branch; a pull request that changes it is judged by the text before.
# Check a change at your desk: hms config check .github/hms.yml
version: 1

gate:
  # shadow writes hms/gate-shadow and blocks nothing: watch it for a week, then say enforce.
  mode: shadow

  # Reviews that the gate waits for. GitHub's own rules may ask for more.
  # approvals:
  #   count: 1

  # Rules that a person may set aside for one commit with "/hms override". Without an entry nobody can.
  # overrides:
  #   - rule: no-critical-findings
  #     permission: admin

# Every commit is scanned for secrets, whatever stands here; this says whether the gate waits for it.
# scan:
#   secrets:
#     required: true
`;
