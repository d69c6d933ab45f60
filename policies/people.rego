# METADATA
# title: Who counts, and for what
package hms.people

import data.hms.shape

# `at_least["maintain"]` = {"maintain", "admin"}
at_least[permission] contains higher if {
	some i, permission in shape.permissions
	some j, higher in shape.permissions
	j >= i
}

same_login(a, b) if lower(a) == lower(b)

author := input.pull_request.author.login

last_pusher := input.pull_request.last_pusher

last_pusher_known if is_string(last_pusher)

# METADATA
# description: |
#   Neither the author nor the last pusher, and not an app. Undefined while the last pusher is unknown: then nobody can be
#   shown to be independent.
independent(login) if {
	last_pusher_known
	login != ""
	not same_login(login, author)
	not same_login(login, last_pusher)
	not is_app(login)
}

is_app(login) if endswith(lower(login), "[bot]")
