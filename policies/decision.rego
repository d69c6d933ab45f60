# METADATA
# title: The decision of the external checker
# description: |
#   The entrypoint. Takes a `hms.checker/v1` input and answers with
#   `{allow, deny, waiting, warn}`. A document that is not a well-formed input is denied.
package hms

import data.hms.command
import data.hms.merge
import data.hms.merge_group
import data.hms.shape

# METADATA
# entrypoint: true
decision := answer(malformed(merge_group.problems), set(), set()) if {
	input.point == "merge-group"
	count(merge_group.problems) > 0
} else := answer(merge_group.deny, merge_group.waiting, set()) if {
	input.point == "merge-group"
} else := answer(malformed(shape.problems), set(), set()) if {
	count(shape.problems) > 0
} else := answer(merge.deny, merge.waiting, merge.warn) if {
	input.point == "merge"
} else := answer(command.deny, command.waiting, set())

answer(denials, waits, warnings) := {
	"allow": (count(denials) + count(waits)) == 0,
	"deny": in_order(denials),
	"waiting": in_order(waits),
	"warn": in_order(warnings),
}

# Sets have no order that both the server and the compiled policy keep, so entries are sorted by what people read.
in_order(entries) := [line[2] | some line in sort([[entry.rule, entry.message, entry] | some entry in entries])]

malformed(problems) := {{
	"rule": "malformed-input",
	"message": concat(" ", ["The checker cannot judge this input:", concat("; ", array.slice(sort(problems), 0, 5))]),
	"remedy": "Report this to the operator of HMS-SYS: the input does not follow hms.checker/v1.",
	"controls": ["SI-10"],
}}
