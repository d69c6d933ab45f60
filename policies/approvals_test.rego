package hms.approvals_test

import data.hms
import data.hms_test.fixture

head := fixture.pull_request.head_sha

old := "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

decision(patch) := answer if {
	answer := hms.decision with input as object.union(fixture, patch)
}

entries(list) := [concat(":", [entry.rule, entry.on]) | some entry in list]

approval(patch) := object.union({"id": 2, "login": "grace", "permission": "write", "sha": head}, patch)

carried(pusher) := approval({"sha": old, "carried": pusher})

ada := {"pusher": "ada", "pusher_id": 1}

review(patch) := object.union(
	{"rule": "code-owners", "owners": ["@acme/shop"], "count": 1, "files": ["a.ts"], "approvers": [2]},
	patch,
)

test_an_approval_of_the_same_change_is_carried_over if {
	answer := decision({"approvals": [carried(ada)]})
	answer.allow
	answer.warn == [{
		"rule": "approvals",
		"message": "The approval by grace was given to bbbbbbb; it counts because this commit proposes the very same change.",
	}]
}

test_what_is_not_carried_over if {
	every case in [
		[{"pusher": "grace", "pusher_id": 2}, {}],
		[{"pusher": null, "pusher_id": null}, {}],
		[ada, {"config": {"approvals": {"carry": "never"}}}],
		[ada, {"pull_request": {"last_pusher": "grace", "last_pusher_id": 2}}],
	] {
		answer := decision(object.union({"approvals": [carried(case[0])]}, case[1]))
		entries(answer.waiting) == ["approvals:people"]
		answer.warn == []
	}
}

test_trusted_paths_take_an_approval_of_this_very_commit if {
	administrator := object.union(carried(ada), {"permission": "admin"})
	answer := decision({"approvals": [administrator], "pull_request": {"touches_trusted_paths": [".github/hms.yml"]}})
	entries(answer.waiting) == ["trusted-paths-admin-approval:people"]
}

test_owners if {
	decision({"required_reviews": [review({})]}).allow
	lacking := decision({"required_reviews": [review({"approvers": [], "owners": ["@b", "@a"], "files": ["a", "b"]})]})
	lacking.waiting == [{
		"rule": "code-owners",
		"message": "a, b need 1 approval by a or b with write access who neither wrote nor last pushed it.",
		"on": "people",
		"whom": "a or b",
	}]
	not decision({"required_reviews": [review({"count": 2})]}).allow
}

test_owners_that_cannot_be_told if {
	answer := decision({"required_reviews": [review({"approvers": null, "reason": "Line 3 cannot be read."})]})
	answer.waiting == [{"rule": "code-owners", "message": "a.ts: Line 3 cannot be read.", "on": "machines"}]
	pusher := {"last_pusher": null, "last_pusher_id": null}
	unknown := decision({"required_reviews": [review({})], "pull_request": pusher})
	entries(unknown.waiting) == ["approvals:machines", "code-owners:machines"]
}

bot(patch) := object.union(
	{
		"author": {"id": 7, "login": "renovate[bot]", "type": "Bot"},
		"last_pusher": "renovate[bot]",
		"last_pusher_id": 7,
	},
	patch,
)

by_bot(patch, bots) := decision({
	"approvals": [],
	"pull_request": bot(patch),
	"config": {"approvals": {"count": 2, "bots": bots}},
})

test_apps_have_a_number_of_their_own if {
	by_bot({}, [{"app": "renovate", "count": 0}]).allow
	every case in [
		[{}, []],
		[{}, [{"app": "dependabot", "count": 0}]],
		[{}, [{"app": "renovate", "count": 0}, {"app": "renovate", "count": 1}]],
		[{"author": {"type": "User"}}, [{"app": "renovate", "count": 0}]],
		[{"commits": 2}, [{"app": "renovate", "count": 0}]],
		[{"last_pusher": "x", "last_pusher_id": 8}, [{"app": "renovate", "count": 0}]],
	] {
		entries(by_bot(case[0], case[1]).waiting) == ["approvals:people"]
	}
}
