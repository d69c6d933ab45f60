package hms.release_branches_test

import data.hms
import data.hms_test.fixture

# The default policy's own fixture, a pull request that may be merged, with another base and other approvals; ada wrote it.
decision(base, ids, last_pusher) := answer if {
	answer := hms.decision with input as object.union(fixture, {
		"pull_request": object.union(fixture.pull_request, object.union(last_pusher, {"base": base})),
		"approvals": [{
			"id": id,
			"login": sprintf("person-%d", [id]),
			"permission": "write",
			"sha": fixture.pull_request.head_sha,
		} |
			some id in ids
		],
	})
}

ada := {"last_pusher": "ada", "last_pusher_id": 1}

nobody_knows := {"last_pusher": null, "last_pusher_id": null}

rules(entries) := [entry.rule | some entry in entries]

test_another_branch_is_as_before if {
	answer := decision("main", [2], ada)
	answer.allow
	answer.warn == []
}

test_a_release_branch_waits_for_the_second if {
	answer := decision("release/1.2", [2], ada)
	not answer.allow
	rules(answer.waiting) == ["release-branch-approvals"]
	startswith(answer.waiting[0].message, "1 of 2 approvals")
}

test_two_are_enough if {
	answer := decision("release/1.2", [2, 3], ada)
	answer.allow
	rules(answer.warn) == ["release-branch-approvals"]
}

test_the_last_pusher_does_not_count if {
	answer := decision("release/1.2", [2, 1], ada)
	not answer.allow
}

test_an_unknown_last_pusher_is_never_a_yes if {
	answer := decision("release/1.2", [2, 3], nobody_knows)
	not answer.allow
	"release-branch-approvals" in rules(answer.waiting)
}
