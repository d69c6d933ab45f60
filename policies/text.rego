# METADATA
# title: Words for messages
package hms.text

import data.hms.findings

# METADATA
# description: "`1 approval`, `2 approvals`"
counted(1, noun) := concat(" ", ["1", noun])

counted(number, noun) := concat("", [format_int(number, 10), " ", noun, "s"]) if number != 1

# METADATA
# description: The first rules by name, each with its count. Only those are counted, so that many rules cost little.
by_rule(found) := concat("", [concat(", ", counts), more(count(distinct) - 3)]) if {
	distinct := {finding.rule | some finding in found}
	counts := [concat("", [rule, " (", format_int(occurrences(rule, found), 10), ")"]) |
		some rule in array.slice(sort(distinct), 0, 3)
	]
}

occurrences(rule, found) := findings.total([finding | some finding in found; finding.rule == rule])

# METADATA
# description: "`2 critical, 1 high`, worst first"
by_severity(found) := concat(", ", [concat(" ", [format_int(number, 10), severity]) |
	some severity in ["critical", "high", "medium", "low", "note"]
	number := findings.total([finding | some finding in found; finding.severity == severity])
	number > 0
])

first_three(words) := concat("", [concat(", ", array.slice(sort(words), 0, 3)), more(count(words) - 3)])

needs(1) := " needs "

needs(number) := " need " if number != 1

trimmed(why) := trim_right(why, ".")

more(number) := concat("", [" and ", format_int(number, 10), " more"]) if {
	number > 0
} else := ""

# METADATA
# description: A scan's state with its own reason, if it gave one.
because(words, scan) := concat("", [words, reason(object.get(scan, "reason", ""))])

reason("") := ""

reason(why) := concat("", [": ", trim_right(why, ".")]) if why != ""

# METADATA
# description: What to do about findings, by their kinds and rules. A secret that was pushed is out; only a rewritten history takes it away.
remedy(blocking) := "Split what was too large to be scanned, or take it out of the branch." if {
	every entry in blocking { entry.finding.rule == "secrets/unscanned" }
} else := "Rotate the secret, take it out of the branch's history and force-push; deleting the line is not enough." if {
	every entry in blocking { secret(entry) }
} else := concat("", [
	"Fix what ", concat(", ", sort({concat("", ["hms/scan/", entry.kind]) | some entry in blocking})),
	" names and push, or have a waiver that expires merged to the default branch.",
])

secret(entry) if entry.kind in findings.secret_kinds

secret(entry) if startswith(entry.finding.rule, "secrets/")
