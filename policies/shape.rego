# METADATA
# title: The shape of an input
# description: |
#   Everything the other rules read is checked here first. A rule over a missing field is undefined in Rego, and an
#   undefined denial would be a yes.
package hms.shape

permissions := ["none", "read", "triage", "write", "maintain", "admin"]

# The sentinel for "not there": no JSON value is a set.
missing := set()

fields := {
	"schema": {"string"},
	"point": {"string"},
	"repository": {"object"},
	"pull_request": {"object"},
	"pull_request.number": {"number"},
	"pull_request.head_sha": {"string"},
	"pull_request.base": {"string"},
	"pull_request.fork": {"boolean"},
	"pull_request.draft": {"boolean"},
	"pull_request.author": {"object"},
	"pull_request.commits": {"number"},
	"pull_request.author.id": {"number"},
	"pull_request.author.login": {"string"},
	"pull_request.author.type": {"string"},
	"pull_request.last_pusher": {"string", "null"},
	"pull_request.last_pusher_id": {"number", "null"},
	"pull_request.touches_trusted_paths": {"array", "null"},
	"approvals": {"array"},
	"required_reviews": {"array"},
	"scans": {"array"},
	"hold": {"object", "null"},
	"overrides": {"array"},
	"ok_to_test": {"object", "null"},
	"unknown": {"array"},
	"config": {"object"},
	"config.valid": {"boolean"},
	"config.required_scans": {"array"},
	"config.approvals": {"object"},
	"config.approvals.count": {"number"},
	"config.approvals.carry": {"string"},
	"config.approvals.bots": {"array"},
	"config.overrides": {"array"},
}

command_fields := {
	"command": {"object"},
	"command.verb": {"string"},
	"command.sender": {"object"},
	"command.sender.id": {"number"},
	"command.sender.login": {"string"},
	"command.sender.permission": {"string"},
	"command.sender.is_author": {"boolean"},
	"command.sender.is_last_pusher": {"boolean"},
}

element_ids := {
	"approvals": "id",
	"overrides": "by_id",
}

element_fields := {
	"approvals": {"login", "permission", "sha"},
	"overrides": {"rule", "by", "permission", "sha", "reason"},
	"scans": {"kind", "sha", "status"},
}

problems contains problem(path) if {
	some path, types in fields
	not typed(path, types)
}

problems contains problem(path) if {
	input.point == "command"
	some path, types in command_fields
	not typed(path, types)
}

problems contains "schema is not hms.checker/v1" if input.schema != "hms.checker/v1"

problems contains "point is neither merge nor command" if not one_of(input, "point", {"merge", "command"})

problems contains "pull_request.head_sha is not 40 hexadecimal digits" if not full_sha(input.pull_request.head_sha)

problems contains "an account has an empty login" if {
	some login in [input.pull_request.author.login, input.pull_request.last_pusher]
	login == ""
}

problems contains element_problem(list, name) if {
	some list, names in element_fields
	some element in input[list]
	some name in names
	not has_text(element, name)
}

problems contains element_problem(list, name) if {
	some list, name in element_ids
	some element in input[list]
	not has_id(element, name)
}

problems contains "last_pusher has a login without an id, or an id without a login" if {
	not both_or_neither(input.pull_request)
}

problems contains element_problem("approvals", "carried") if {
	some approval in input.approvals
	carried := object.get(approval, "carried", missing)
	carried != missing
	not known_pusher(carried)
}

problems contains element_problem("required_reviews", "rule, owners, files, count or approvers") if {
	some review in input.required_reviews
	not known_review(review)
}

problems contains element_problem("config.approvals.bots", "app or count") if {
	some entry in input.config.approvals.bots
	not known_bot(entry)
}

problems contains "config.approvals.carry is neither content-neutral nor never" if {
	not one_of(input.config.approvals, "carry", {"content-neutral", "never"})
}

problems contains element_problem(list, "permission") if {
	some list in ["approvals", "overrides"]
	some element in input[list]
	not one_of(element, "permission", permissions)
}

problems contains element_problem("scans", "status") if {
	some scan in input.scans
	not one_of(scan, "status", {"completed", "running", "unknown"})
}

# What goes into a message must be text: a message that cannot be written takes its rule with it.
problems contains element_problem("scans", "reason") if {
	some scan in input.scans
	not is_string(scan.reason)
}

problems contains problem if some problem in findings_problems

# METADATA
# description: What is wrong with findings, and with what the configuration says of them; the same at every point.
findings_problems contains element_problem("scans", "findings") if {
	some scan in input.scans
	not has_list(scan, "findings")
}

findings_problems contains element_problem("scans", "findings.rule") if {
	some scan in input.scans
	some finding in scan.findings
	not has_text(finding, "rule")
}

findings_problems contains element_problem("scans", "findings.severity") if {
	some scan in input.scans
	some finding in scan.findings
	not one_of(finding, "severity", severities)
}

findings_problems contains element_problem("scans", "findings.state, waived, overdue or count") if {
	some scan in input.scans
	some finding in scan.findings
	not known_finding(finding)
}

findings_problems contains "config.scans is not a list of scans with kind, required, fail_on and old_debt" if {
	not known_scans(object.get(input.config, "scans", []))
}

problems contains element_problem("config.overrides", "rule, permission or people") if {
	some entry in input.config.overrides
	not known_override(entry)
}

problems contains "preview does not say state, reason, concerned and was_healthy" if {
	not known_preview(object.get(input, "preview", null))
}

problems contains "config.preview does not say whether it is required" if {
	not known_requirement(object.get(input.config, "preview", {"required": false}))
}

# Whoever says what a preview is like says whether it matters, too: a requirement must not get lost.
problems contains "config.preview does not say whether it is required" if {
	object.get(input, "preview", missing) != missing
	not known_requirement(object.get(input.config, "preview", missing))
}

problems contains "unknown holds something that is not a sentence" if not all_strings(input.unknown)

problems contains "config.required_scans holds something that is not a name" if {
	not all_strings(input.config.required_scans)
}

problems contains "pull_request.touches_trusted_paths holds something that is not a path" if {
	is_array(input.pull_request.touches_trusted_paths)
	not all_strings(input.pull_request.touches_trusted_paths)
}

problems contains "config.approvals.count is not a whole number from 0 to 100" if {
	not whole_number(input.config.approvals, 100)
}

problems contains "hold does not say by whom and why" if {
	is_object(input.hold)
	some name in ["by", "reason"]
	not has_text(input.hold, name)
}

problems contains "command.sender.permission is not known" if {
	input.point == "command"
	not one_of(input.command.sender, "permission", permissions)
}

problem(path) := concat(" ", [path, "is missing or of the wrong type"])

element_problem(list, name) := concat("", [list, "[].", name, " is missing or of the wrong type"])

typed(path, types) if type_name(object.get(input, split(path, "."), missing)) in types

# Functions, because arguments under `not` (of `in` too) are evaluated before it: were one undefined, the rule would be
# undefined, and its problem would go unseen.
has_text(element, name) if is_string(object.get(element, name, missing))

whole_number(approvals, most) if {
	approvals.count == floor(approvals.count)
	approvals.count >= 0
	approvals.count <= most
}

one_of(element, name, allowed) if element[name] in allowed

has_list(element, name) if is_array(object.get(element, name, missing))

has_id(element, name) if is_number(object.get(element, name, missing))

both_or_neither(pull) if {
	is_null(pull.last_pusher)
	is_null(pull.last_pusher_id)
}

both_or_neither(pull) if {
	is_string(pull.last_pusher)
	is_number(pull.last_pusher_id)
}

known_pusher(carried) if {
	is_number(carried.pusher_id)
	is_string(carried.pusher)
}

known_pusher(carried) if {
	is_null(carried.pusher_id)
	is_null(carried.pusher)
}

known_review(review) if {
	is_string(review.rule)
	all_strings(review.owners)
	all_strings(review.files)
	whole_number(review, 100)
	review.count > 0
	known_approvers(review)
}

# Without approvers there is a reason, which goes into a message.
known_approvers(review) if {
	is_array(review.approvers)
	every id in review.approvers {
		is_number(id)
	}
}

known_approvers(review) if {
	is_null(review.approvers)
	is_string(review.reason)
}

# Inputs of earlier releases say nothing of previews, as nothing could be asked of them.
known_preview(null)

known_preview(preview) if {
	one_of(preview, "state", preview_states)
	has_text(preview, "reason")
	is_boolean(preview.concerned)
	is_boolean(preview.was_healthy)
}

preview_states := {
	"disabled", "skipped", "blocked", "queued", "provisioning", "healthy", "degraded", "failed", "sleeping",
	"unknown",
}

known_requirement(preview) if is_boolean(preview.required)

severities := {"critical", "high", "medium", "low", "note"}

# Inputs of earlier releases have findings one by one, all of them new.
known_finding(finding) if {
	object.get(finding, "state", "new") in {"new", "unchanged"}
	is_boolean(object.get(finding, "waived", false))
	is_boolean(object.get(finding, "overdue", false))
	whole(object.get(finding, "count", 1), 1, 1000000000)
}

known_scans(scans) if {
	is_array(scans)
	every scan in scans { known_scan(scan) }
}

known_scan(scan) if {
	is_string(scan.kind)
	is_boolean(scan.required)
	all_strings(scan.fail_on)
	every severity in scan.fail_on { severity in severities }
	scan.old_debt in {"ignore", "block"}
}

known_bot(entry) if {
	is_string(entry.app)
	whole_number(entry, 100)
}

known_override(entry) if {
	is_string(entry.rule)
	entry.permission in {"write", "maintain", "admin"}
	whole(object.get(entry, "people", 1), 1, 100)
}

whole(value, least, most) if {
	is_number(value)
	value == floor(value)
	value >= least
	value <= most
}

all_strings(values) if {
	is_array(values)
	every value in values {
		is_string(value)
	}
}

# METADATA
# description: A commit's name in full. Short names are ambiguous and can be made to collide.
full_sha(value) if {
	is_string(value)
	count(value) == 40

	# A regular expression would be compiled anew for every decision, which takes as long as all the rest.
	trim(value, "0123456789abcdef") == ""
}
