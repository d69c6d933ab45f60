# METADATA
# title: May this pull request be merged?
# description: |
#   The default policy at point `merge`. The controls named are NIST SP 800-53 Rev. 5 identifiers that a rule supports; they
#   are a mapping for auditors, not a claim of compliance.
package hms.merge

import data.hms.approvals
import data.hms.findings
import data.hms.overrides
import data.hms.people
import data.hms.preview
import data.hms.text

head := input.pull_request.head_sha

# Denials

deny contains denial if {
	some denial in denials
	not overrides.lifts(denial.rule)
}

denials contains {
	"rule": "valid-configuration",
	"message": "The configuration in .github/hms.yml on the default branch is not valid.",
	"remedy": "Correct .github/hms.yml on the default branch; the check hms/config names the lines.",
	"controls": ["CM-3", "CM-6"],
} if {
	not input.config.valid
}

denials contains {
	"rule": rule,
	"message": findings_message(found, rule),
	"remedy": concat(" ", [text.remedy(found), overrides.hint(rule)]),
	"controls": ["RA-5", "SI-2"],
} if {
	some rule in {entry.by | some entry in blocking}
	found := [entry | some entry in blocking; entry.by == rule]
}

denials contains {
	"rule": "preview-healthy",
	"message": preview.message,
	"remedy": concat(" ", [
		"Fix what hms/preview names and push; /hms retry looks again.",
		overrides.hint("preview-healthy"),
	]),
	"controls": ["CM-4", "SA-11"],
} if {
	preview.required
	preview.unhealthy
}

blocking := findings.blocking(findings.at(head))

findings_message(found, rule) := concat("", [
	text.counted(findings.total(all), concat(" ", [severity, "finding"])), ": ", text.by_rule(all), ".",
]) if {
	some severity in ["critical", "high"]
	rule == concat("", ["no-", severity, "-findings"])
	all := [entry.finding | some entry in found]
} else := concat("", [
	text.counted(findings.total(all), concat(" ", [found[0].kind, "finding"])), " (", text.by_severity(all), "): ",
	text.by_rule(all), old(all), ".",
]) if {
	all := [entry.finding | some entry in found]
}

old(all) := concat("", ["; ", format_int(number, 10), " of them the base branch has as well"]) if {
	number := findings.total([finding | some finding in all; finding.state == "unchanged"])
	number > 0
} else := ""

# Waiting on machines

waiting contains {"rule": "facts-known", "message": fact, "on": "machines"} if {
	some fact in array.slice(sort(input.unknown), 0, 10)
}

waiting contains {
	"rule": "required-scans",
	"message": concat("", ["The ", kind, " scan ", why, "."]),
	"on": "machines",
} if {
	some kind in input.config.required_scans
	some why in incomplete(kind)
}

incomplete(kind) := {"has not reported on this commit yet"} if {
	count(reports(kind)) == 0
} else := {state(scan) |
	some scan in reports(kind)
	scan.status != "completed"
}

reports(kind) := {scan |
	some scan in input.scans
	scan.kind == kind
	scan.sha == head
}

state(scan) := text.because("is still running", scan) if {
	scan.status == "running"
} else := text.because("could not tell", scan)

waiting contains {
	"rule": "approvals",
	"message": "Nobody knows who pushed last, so no approval can be shown to be independent.",
	"on": "machines",
} if {
	approvals.needed > 0
	not people.last_pusher_known
}

waiting contains {
	"rule": review.rule,
	"message": concat("", ["Nobody knows who pushed last, so no approval of ", approvals.files(review), " can be shown to be independent."]),
	"on": "machines",
} if {
	some review in approvals.lacking
	not people.last_pusher_known
}

waiting contains {
	"rule": review.rule,
	"message": concat("", [approvals.files(review), ": ", text.trimmed(review.reason), "."]),
	"on": "machines",
} if {
	some review in approvals.untold
}

waiting contains {
	"rule": "trusted-paths-admin-approval",
	"message": "It is not known whether this pull request touches trusted configuration.",
	"on": "machines",
} if {
	is_null(input.pull_request.touches_trusted_paths)
}

waiting contains {
	"rule": "trusted-paths-admin-approval",
	"message": "Nobody knows who pushed last, so no administrator's approval can be shown to be independent.",
	"on": "machines",
} if {
	count(input.pull_request.touches_trusted_paths) > 0
	not people.last_pusher_known
}

waiting contains {"rule": "preview-healthy", "message": preview.message, "on": "machines"} if {
	preview.required
	not preview.healthy
	not preview.unhealthy
	preview.awaits == "machines"
}

# Waiting on people

waiting contains {
	"rule": "preview-healthy",
	"message": preview.message,
	"on": "people",
	"whom": preview.calls[preview.found.state],
} if {
	preview.required
	not preview.healthy
	preview.awaits == "people"
}

waiting contains {
	"rule": "approvals",
	"message": concat("", [
		format_int(count(approvals.approvers), 10), " of ", text.counted(approvals.needed, "approval"),
		" at this commit by people with write access who neither wrote nor last pushed it.",
	]),
	"on": "people",
	"whom": "a reviewer with write access",
} if {
	people.last_pusher_known
	count(approvals.approvers) < approvals.needed
}

waiting contains {
	"rule": review.rule,
	"message": concat("", [
		approvals.files(review), text.needs(count(review.files)), text.counted(review.count, "approval"), " by ",
		approvals.owners(review), " with write access who neither wrote nor last pushed it.",
	]),
	"on": "people",
	"whom": approvals.owners(review),
} if {
	people.last_pusher_known
	some review in approvals.lacking
}

waiting contains {
	"rule": "trusted-paths-admin-approval",
	"message": concat("", [
		"This pull request changes trusted configuration (", text.first_three(input.pull_request.touches_trusted_paths),
		"): an administrator who neither wrote nor last pushed it must approve this commit.",
	]),
	"on": "people",
	"whom": "an administrator",
} if {
	count(input.pull_request.touches_trusted_paths) > 0
	people.last_pusher_known
	count(approvals.administrators) == 0
}

waiting contains {
	"rule": "hold",
	"message": concat("", ["On hold by ", input.hold.by, text.reason(input.hold.reason), "."]),
	"on": "people",
	"whom": input.hold.by,
} if {
	is_object(input.hold)
}

waiting contains {
	"rule": "ready-for-review",
	"message": "This pull request is a draft; mark it ready for review.",
	"on": "people",
	"whom": people.author.login,
} if {
	input.pull_request.draft
}

# Warnings

warn contains {
	"rule": "preview-healthy",
	"message": "The preview was healthy at this commit and sleeps now.",
} if {
	preview.required
	preview.asleep
}

warn contains {
	"rule": denial.rule,
	"message": concat("", [overrides.standing(override), text.reason(override.reason), ". It said: ", denial.message]),
} if {
	some denial in denials
	some override in overrides.valid
	override.rule == denial.rule
}

warn contains {
	"rule": override.rule,
	"message": concat("", ["The override by ", override.by, " does not count: ", overrides.void(override), "."]),
} if {
	some override in input.overrides
}

warn contains {
	"rule": "approvals",
	"message": concat("", [
		"The approval by ", approval.login, " was given to ", substring(approval.sha, 0, 7),
		"; it counts because this commit proposes the very same change.",
	]),
} if {
	some approval in approvals.carried
}

warn contains {
	"rule": "lesser-findings",
	"message": concat("", [lesser(found), ": ", text.by_rule(found), "."]),
} if {
	found := findings.milder(findings.at(head))
	count(found) > 0
}

lesser(found) := text.counted(findings.total(found), "medium or low finding") if {
	every finding in found { finding.severity in {"medium", "low"} }
} else := concat("", [text.counted(findings.total(found), "finding"), " too mild to block (", text.by_severity(found), ")"])

warn contains {
	"rule": "waived-findings",
	"message": concat("", [
		text.counted(findings.total(found), "finding"), " of the ", kind, " scan covered by waivers: ", text.by_rule(found),
		". hms/scan/", kind, " says by which, and until when.",
	]),
} if {
	some kind in {entry.kind | some entry in set_aside; findings.waived(entry.finding)}
	found := [entry.finding | some entry in set_aside; entry.kind == kind; findings.waived(entry.finding)]
}

warn contains {
	"rule": "old-findings",
	"message": concat("", [
		text.counted(findings.total(found), "finding"), " of the ", kind, " scan that the base branch has as well: ",
		text.by_rule(found), ".",
	]),
} if {
	some kind in {entry.kind | some entry in set_aside; not findings.waived(entry.finding)}
	found := [entry.finding | some entry in set_aside; entry.kind == kind; not findings.waived(entry.finding)]
}

set_aside := findings.set_aside(findings.at(head))
