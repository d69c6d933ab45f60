# METADATA
# title: May this merge group be merged?
# description: |
#   The default policy at point `merge-group`. A merge queue asks for one check at the group's commit, and everything
#   between the base branch and that commit lands with it: so every pull request in it has to be allowed at its own head,
#   and what the queue's own commits bring is looked at as well.
package hms.merge_group

import data.hms.findings
import data.hms.shape
import data.hms.text

group := input.group

waits := {"waiting-on-machines", "unknown"}

refused := {"deny", "waiting-on-people"}

# Denials

deny contains {
	"rule": "members-allowed",
	"message": concat("", [name(member), " is not allowed at its head ", short(member.head_sha), ": ", member.why]),
	"remedy": concat("", ["Take pull request ", number(member), " out of the queue; its own hms/gate says what it needs."]),
	"controls": ["CM-3", "SA-15"],
} if {
	some member in group.members
	member.outcome in refused
}

# A queue does not wait for ever, and what nobody could tell by now is not going to be told in time.
deny contains {
	"rule": "members-allowed",
	"message": concat("", [name(member), " could not be decided in time at its head ", short(member.head_sha), ": ", member.why]),
	"remedy": concat("", ["Queue pull request ", number(member), " again once its own hms/gate is decided."]),
	"controls": ["CM-3", "SA-15"],
} if {
	group.overdue
	some member in group.members
	member.outcome in waits
}

deny contains {
	"rule": "group-explained",
	"message": fact,
	"remedy": "Take the group's pull requests out of the queue and queue them again.",
	"controls": ["CM-3", "SA-15"],
} if {
	group.overdue
	some fact in unexplained
}

deny contains {
	"rule": "valid-configuration",
	"message": "The configuration in .github/hms.yml on the default branch is not valid.",
	"remedy": "Correct .github/hms.yml on the default branch.",
	"controls": ["CM-3", "CM-6"],
} if {
	not input.config.valid
}

deny contains {
	"rule": rule,
	"message": concat("", [
		"The queue's own commits bring ", text.counted(findings.total(found), concat(" ", [severity, "finding"])),
		" that no pull request has: ", text.by_rule(found), ".",
	]),
	"remedy": "Find out how the merge came to hold it, and queue the pull requests again.",
	"controls": ["RA-5", "SI-2"],
} if {
	some rule in {entry.by | some entry in brought}
	some severity in {entry.finding.severity | some entry in brought; entry.by == rule}
	found := [entry.finding | some entry in brought; entry.by == rule; entry.finding.severity == severity]
}

brought := findings.blocking(input.scans)

deny contains {
	"rule": "required-scans",
	"message": fact,
	"remedy": "Queue the pull requests again.",
	"controls": ["RA-5", "SI-2"],
} if {
	group.overdue
	some fact in unscanned
}

# Waiting on machines, until it is overdue

waiting contains {
	"rule": "members-allowed",
	"message": concat("", [name(member), " is not decided yet: ", member.why]),
	"on": "machines",
} if {
	not group.overdue
	some member in group.members
	member.outcome in waits
}

waiting contains {"rule": "group-explained", "message": fact, "on": "machines"} if {
	not group.overdue
	some fact in unexplained
}

waiting contains {"rule": "required-scans", "message": fact, "on": "machines"} if {
	not group.overdue
	some fact in unscanned
}

unexplained contains fact if some fact in array.slice(sort(group.unexplained), 0, 10)

unexplained contains "No pull request is known to be in this group." if count(group.members) == 0

unscanned contains concat("", ["The ", kind, " scan of the group's own commits ", why, "."]) if {
	some kind in input.config.required_scans
	some why in incomplete(kind)
}

incomplete(kind) := {"has not reported"} if {
	count(reports(kind)) == 0
} else := {text.because("could not tell", scan) |
	some scan in reports(kind)
	scan.status != "completed"
}

reports(kind) := [scan |
	some scan in input.scans
	scan.kind == kind
	scan.sha == group.sha
]

name(member) := concat(" ", ["Pull request", number(member)])

number(member) := format_int(member.number, 10)

short(sha) := substring(sha, 0, 7)

# The shape of the input: a rule over a missing field is undefined in Rego, and an undefined denial would be a yes.

fields := {
	"schema": {"string"},
	"repository": {"object"},
	"group": {"object"},
	"group.sha": {"string"},
	"group.base": {"string"},
	"group.members": {"array"},
	"group.unexplained": {"array"},
	"group.overdue": {"boolean"},
	"scans": {"array"},
	"config": {"object"},
	"config.valid": {"boolean"},
	"config.required_scans": {"array"},
}

problems contains shape.problem(path) if {
	some path, types in fields
	not shape.typed(path, types)
}

problems contains "schema is not hms.checker/v1" if input.schema != "hms.checker/v1"

problems contains "group.sha is not 40 hexadecimal digits" if not shape.full_sha(input.group.sha)

problems contains shape.element_problem("group.members", field) if {
	some member in input.group.members
	some field in ["head_sha", "why"]
	not shape.has_text(member, field)
}

problems contains shape.element_problem("group.members", "number") if {
	some member in input.group.members
	not is_number(object.get(member, "number", null))
}

problems contains shape.element_problem("group.members", "outcome") if {
	some member in input.group.members
	not shape.one_of(member, "outcome", ((refused | waits) | {"allow"}))
}

problems contains "group.unexplained holds something that is not a sentence" if {
	not shape.all_strings(input.group.unexplained)
}

problems contains "config.required_scans holds something that is not a name" if {
	not shape.all_strings(input.config.required_scans)
}

problems contains shape.element_problem("scans", field) if {
	some scan in input.scans
	some field in ["kind", "sha", "status"]
	not shape.has_text(scan, field)
}

problems contains shape.element_problem("scans", "reason") if {
	some scan in input.scans
	not is_string(object.get(scan, "reason", ""))
}

problems contains problem if some problem in shape.findings_problems
