# METADATA
# title: Whose approval counts, and how many are needed
package hms.approvals

import data.hms.people
import data.hms.text

head := input.pull_request.head_sha

# METADATA
# description: |
#   Ids of people whose approval counts: they may write and are independent, and approved this very commit, or an earlier one
#   whose change is proven to be the same. The latter's pusher must not be the approver either: else one could push, approve,
#   and let somebody else update the branch.
approvers := {approval.id |
	some approval in input.approvals
	counts(approval)
	approval.permission in people.at_least.write
}

# METADATA
# description: Administrators who approved this very commit. For trusted configuration nothing is carried over.
administrators := {approval.id |
	some approval in input.approvals
	approval.sha == head
	approval.permission == "admin"
	people.independent(approval.id, approval.login)
}

counts(approval) if {
	approval.sha == head
	people.independent(approval.id, approval.login)
}

counts(approval) if {
	approval.sha != head
	input.config.approvals.carry == "content-neutral"
	approval.carried.pusher_id > 0
	approval.carried.pusher_id != approval.id
	people.independent(approval.id, approval.login)
}

# METADATA
# description: How many approvals are needed. Where Apps have a number of their own and several name this one, the highest holds.
needed := max(own) if {
	count(own) > 0
} else := input.config.approvals.count

own contains entry.count if {
	some entry in input.config.approvals.bots
	entry.app == people.app
}

# METADATA
# description: Files whose owners have not approved.
lacking contains review if {
	some review in input.required_reviews
	is_array(review.approvers)
	count({id | some id in review.approvers; id in approvers}) < review.count
}

# METADATA
# description: Files of which it could not be told who owns them, or who is among the owners.
untold contains review if {
	some review in input.required_reviews
	is_null(review.approvers)
}

# METADATA
# description: "`src/a.ts and src/b.ts`, shortened"
files(review) := text.first_three(review.files)

# METADATA
# description: "`acme/sre or linus`, as notifications are routed by"
owners(review) := concat(" or ", array.slice(sort([trim_prefix(owner, "@") | some owner in review.owners]), 0, 5))

carried contains approval if {
	some approval in input.approvals
	approval.sha != head
	approval.id in approvers
}
