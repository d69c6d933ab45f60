# METADATA
# title: When an override counts
# description: |
#   An override lifts a denial of one rule at one commit. It never lifts waiting, and never these rules: a broken
#   configuration cannot say who may override it.
package hms.overrides

import data.hms.findings
import data.hms.people

never := {"valid-configuration", "malformed-input"}

lifts(rule) if count(people_for(rule)) >= needed(rule)

# METADATA
# description: Accounts whose override of a rule counts. However often one gives it, it is one.
people_for(rule) := {override.by_id |
	some override in valid
	override.rule == rule
}

# METADATA
# description: How many people it takes. What was found of secrets takes two, whatever the configuration says.
needed(rule) := max(((configured | {1}) | secret)) if {
	configured := {object.get(entry, "people", 1) | some entry in input.config.overrides; entry.rule == rule}
	secret := {2 | rule in secret_rules}
}

# METADATA
# description: Rules that are broken by a secret at this commit.
secret_rules contains entry.by if {
	some entry in findings.blocking(findings.at(input.pull_request.head_sha))
	entry.kind in findings.secret_kinds
}

# METADATA
# description: What an override that counts has come to.
standing(override) := concat("", ["Overridden by ", override.by]) if {
	lifts(override.rule)
} else := concat("", [
	format_int(count(people_for(override.rule)), 10), " of ", format_int(needed(override.rule), 10),
	" people overrides this: ", override.by,
]) if {
	count(people_for(override.rule)) == 1
} else := concat("", [
	format_int(count(people_for(override.rule)), 10), " of ", format_int(needed(override.rule), 10),
	" people override this: ", override.by,
])

valid contains override if {
	some override in input.overrides
	not void(override)
}

# METADATA
# description: Why an override does not count; undefined if it does. The first reason wins.
void(override) := "it names another commit" if {
	override.sha != input.pull_request.head_sha
} else := "nobody knows who pushed last" if {
	not people.last_pusher_known
} else := "it comes from the author, the last pusher or an app" if {
	not people.independent(override.by_id, override.by)
} else := "the configuration does not let this rule be overridden" if {
	count(permissions(override.rule)) == 0
} else := concat("", ["it takes ", lowest(override.rule), " permission"]) if {
	not allowed(override.rule, override.permission)
}

# METADATA
# description: The configured minimum permissions for a rule. Where it is listed twice, the strictest holds.
permissions(rule) := {entry.permission |
	some entry in input.config.overrides
	entry.rule == rule
	not entry.rule in never
}

allowed(rule, permission) if {
	minimums := permissions(rule)
	count(minimums) > 0
	every minimum in minimums {
		permission in people.at_least[minimum]
	}
}

lowest(rule) := [permission |
	some permission in ["admin", "maintain", "write"]
	permission in permissions(rule)
][0]

# METADATA
# description: The sentence that tells who may override a rule, and with which line.
hint(rule) := "It cannot be overridden." if {
	count(permissions(rule)) == 0
} else := concat("", [
	"Or let someone with ", lowest(rule), " permission who neither wrote nor last pushed it comment: ", line(rule),
]) if {
	needed(rule) == 1
} else := concat("", [
	"Or let ", format_int(needed(rule), 10), " people with ", lowest(rule),
	" permission, none of whom wrote or last pushed it, comment each: ", line(rule), " (",
	format_int(count(people_for(rule)), 10), " of ", format_int(needed(rule), 10), " people so far)",
])

line(rule) := concat("", ["/hms override ", rule, " ", input.pull_request.head_sha, " <reason>"])
