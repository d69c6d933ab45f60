# A release branch takes two approvals: one rule more for point `merge`. A file of the same package as the default policy's is
# part of the same decision; nothing else has to know of it. (A package has one METADATA block, and the default policy has it.)
package hms.merge

import data.hms.approvals
import data.hms.people
import data.hms.text

waiting contains {
	"rule": "release-branch-approvals",
	"message": concat("", [
		format_int(count(approvals.approvers), 10), " of 2 approvals at this commit; ",
		input.pull_request.base, " is a release branch.",
	]),
	"on": "people",
	"whom": "a second reviewer with write access",
} if {
	is_release_branch
	people.last_pusher_known
	count(approvals.approvers) < 2
}

waiting contains {
	"rule": "release-branch-approvals",
	"message": "Nobody knows who pushed last, so no approval can be shown to be independent.",
	"on": "machines",
} if {
	is_release_branch
	not people.last_pusher_known
}

is_release_branch if startswith(input.pull_request.base, "release/")

warn contains {
	"rule": "release-branch-approvals",
	"message": concat("", ["Goes into a release branch with ", text.counted(count(approvals.approvers), "approval"), "."]),
} if {
	is_release_branch
	count(approvals.approvers) >= 2
}
