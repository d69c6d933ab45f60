# METADATA
# title: Words for messages
package hms.text

# METADATA
# description: "`1 approval`, `2 approvals`"
counted(1, noun) := concat(" ", ["1", noun])

counted(number, noun) := concat("", [format_int(number, 10), " ", noun, "s"]) if number != 1

# METADATA
# description: The first rules by name, each with its count.
by_rule(rules) := first_three([concat("", [rule, " (", format_int(count([r | some r in rules; r == rule]), 10), ")"]) |
	some rule in {rule | some rule in rules}
])

first_three(words) := concat("", [concat(", ", array.slice(sort(words), 0, 3)), more(count(words) - 3)])

more(number) := concat("", [" and ", format_int(number, 10), " more"]) if {
	number > 0
} else := ""

# METADATA
# description: A scan's state with its own reason, if it gave one.
because(words, scan) := concat("", [words, reason(object.get(scan, "reason", ""))])

reason("") := ""

reason(why) := concat("", [": ", trim_right(why, ".")]) if why != ""
