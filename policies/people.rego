# METADATA
# title: Who counts, and for what
# description: |
#   Accounts are told apart by their ids: a login can be given up and taken by somebody else.
package hms.people

import data.hms.shape

# `at_least["maintain"]` = {"maintain", "admin"}
at_least[permission] contains higher if {
	some i, permission in shape.permissions
	some j, higher in shape.permissions
	j >= i
}

author := input.pull_request.author

last_pusher_known if input.pull_request.last_pusher_id > 0

# METADATA
# description: |
#   Neither the author nor the last pusher, and not an app. Undefined while the last pusher is unknown: then nobody can be
#   shown to be independent. An id of 0 is an account that is gone.
independent(id, login) if {
	last_pusher_known
	id > 0
	id != author.id
	id != input.pull_request.last_pusher_id
	login != ""
	not is_app(login)
}

is_app(login) if endswith(lower(login), "[bot]")

# METADATA
# description: |
#   An App opened this pull request and nobody else brought anything: it pushed last, and its one commit is all there is.
#   Only an account of type `Bot` is an App; a person may be called what they like.
app := trim_suffix(author.login, "[bot]") if {
	author.type == "Bot"
	author.id > 0
	endswith(author.login, "[bot]")
	author.id == input.pull_request.last_pusher_id
	input.pull_request.commits == 1
}
