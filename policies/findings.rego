# METADATA
# title: Which findings block, and by which rule
# description: |
#   Every kind of scan that the configuration names has a rule of its own, `no-<kind>-findings`. Secrets that HMS-SYS looks for itself, and
#   kinds of which the configuration says nothing, have `no-critical-findings` and `no-high-findings`.
package hms.findings

# METADATA
# description: Kinds of scans that look for secrets. One person does not set aside what they found.
secret_kinds := {"secrets", "leaks"}

# METADATA
# description: Scans of a commit, asked for or not, finished or not, as a finding is a fact.
at(sha) := [scan |
	some scan in input.scans
	scan.sha == sha
]

# METADATA
# description: What scans found and is in the way of the merge, each with its kind and the rule that it breaks.
blocking(scans) := [{"by": rule, "kind": scan.kind, "finding": finding} |
	some scan in scans
	some finding in scan.findings
	stands(scan.kind, finding)
	rule := breaks(scan.kind, finding.severity)
]

# METADATA
# description: What counts and is too mild to block.
milder(scans) := [finding |
	some scan in scans
	some finding in scan.findings
	finding.severity != "note"
	stands(scan.kind, finding)
	not breaks(scan.kind, finding.severity)
]

# METADATA
# description: What would block if it were new, or no waiver covered it.
set_aside(scans) := [{"kind": scan.kind, "finding": finding} |
	some scan in scans
	some finding in scan.findings
	not stands(scan.kind, finding)
	breaks(scan.kind, finding.severity)
]

stands(kind, finding) if {
	not waived(finding)
	not tolerated(kind, finding)
}

waived(finding) if finding.waived == true

# The base branch has it as well, and may have it for now.
tolerated(kind, finding) if {
	finding.state == "unchanged"
	not overdue(finding)
	configured(kind)
	every entry in entries(kind) { entry.old_debt == "ignore" }
}

overdue(finding) if finding.overdue == true

breaks(kind, severity) := concat("", ["no-", kind, "-findings"]) if {
	configured(kind)
	some entry in entries(kind)
	severity in entry.fail_on
}

breaks(kind, severity) := concat("", ["no-", severity, "-findings"]) if {
	not configured(kind)
	severity in {"critical", "high"}
}

# Whatever is said of them, secrets keep the rules that they have.
configured(kind) if {
	kind != "secrets"
	count(entries(kind)) > 0
}

entries(kind) := {entry |
	some entry in object.get(input.config, "scans", [])
	entry.kind == kind
}

# METADATA
# description: How many findings these are, as one may stand for some that are alike.
total(findings) := sum([number(finding) | some finding in findings])

number(finding) := object.get(finding, "count", 1)
