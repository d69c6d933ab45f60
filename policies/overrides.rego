# METADATA
# title: When an override counts
# description: |
#   An override lifts a denial of one rule at one commit. It never lifts waiting, and never these rules: a broken
#   configuration cannot say who may override it.
package hms.overrides

import data.hms.people

never := {"valid-configuration", "malformed-input"}

lifts(rule) if {
	some override in valid
	override.rule == rule
}

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
# description: The sentence that tells who may override a rule; empty where nobody may.
hint(rule) := concat("", [
	"Or let someone with ", lowest(rule), " permission who neither wrote nor last pushed it comment: /hms override ",
	rule, " ", input.pull_request.head_sha, " <reason>",
]) if {
	count(permissions(rule)) > 0
} else := "It cannot be overridden."
