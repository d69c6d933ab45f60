# METADATA
# title: Who may do what
# description: |
#   The default policy at point `command`. The sender's permission was read fresh; labels grant nothing.
package hms.command

import data.hms.overrides
import data.hms.people
import data.hms.shape

verb := input.command.verb

sender := input.command.sender

# What each command takes; `override` names its own per rule.
takes := {
	"help": "none",
	"why": "read",
	"retry": "write",
	"hold": "write",
	"unhold": "write",
	"ok-to-test": "write",
	"override": "write",
	"preview": "write",
	"scan": "write",
}

# What the author may do whatever permission they have.
for_authors := {"help", "why", "retry"}

# What can loosen the gate is not judged on facts that could not be had.
loosening := {"unhold", "override", "ok-to-test"}

binding := {"override", "ok-to-test"}

deny contains {
	"rule": "known-command",
	"message": "There is no such command.",
	"remedy": "Comment /hms help to see the commands.",
	"controls": ["AC-3"],
} if {
	not takes[verb]
}

deny contains refusal(
	concat("", ["/hms ", verb, " takes ", takes[verb], " permission; ", sender.login, " has ", sender.permission, "."]),
	concat("", ["Ask someone with ", takes[verb], " permission to do it."]),
) if {
	not sender.permission in people.at_least[takes[verb]]
	not author_may
}

deny contains refusal(
	concat("", ["/hms ", verb, " must name the full head commit, ", input.pull_request.head_sha, "."]),
	"Look at the newest commit, then repeat the command with its 40 hexadecimal digits.",
) if {
	verb in binding
	not names_head
}

deny contains refusal(
	"It is not known who pushed last, so nobody can be shown to be independent.",
	"Try again once the last pusher is known.",
) if {
	verb == "override"
	not people.last_pusher_known
}

deny contains refusal(
	"An override cannot come from the author, the last pusher or an app.",
	"Ask someone who neither wrote nor last pushed it.",
) if {
	verb == "override"
	people.last_pusher_known
	not independent_sender
}

deny contains refusal(
	"The configuration does not let this rule be overridden.",
	concat(" ", ["Name one of:", overridable]),
) if {
	verb == "override"
	count(overrides.permissions(rule)) == 0
}

deny contains refusal(
	concat("", [
		"Overriding ", rule, " takes ", overrides.lowest(rule), " permission; ", sender.login, " has ", sender.permission, ".",
	]),
	concat("", ["Ask someone with ", overrides.lowest(rule), " permission who neither wrote nor last pushed it."]),
) if {
	verb == "override"
	not overrides.allowed(rule, sender.permission)
}

waiting contains {"rule": "facts-known", "message": fact, "on": "machines"} if {
	verb in loosening
	some fact in array.slice(sort(input.unknown), 0, 10)
}

refusal(message, remedy) := {
	"rule": concat("-", ["may", verb]),
	"message": message,
	"remedy": remedy,
	"controls": controls,
}

controls := ["AC-3", "AC-5", "AC-6"] if {
	verb == "override"
} else := ["AC-3", "AC-6"]

rule := object.get(input.command, "rule", "")

overridable := "none; no rule is overridable." if {
	count(listed) == 0
} else := concat("", [concat(", ", sort(listed)), "."])

listed := {entry.rule | some entry in input.config.overrides} - overrides.never

author_may if {
	verb in for_authors
	is_author
}

is_author if sender.is_author

is_author if {
	sender.id == people.author.id
	sender.id > 0
}

names_head if {
	shape.full_sha(input.command.sha)
	input.command.sha == input.pull_request.head_sha
}

# Both what the caller says and what the ids say must hold.
independent_sender if {
	not sender.is_author
	not sender.is_last_pusher
	people.independent(sender.id, sender.login)
}
