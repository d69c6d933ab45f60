package hms.shape_test

import data.hms.shape
import data.hms_test.fixture

problems(patch) := found if {
	found := shape.problems with input as object.union(fixture, patch)
}

finding(patch) := {"scans": [object.union(
	{"kind": "sast", "sha": "x", "status": "completed", "findings": []},
	{"findings": [object.union({"rule": "sast/x", "severity": "high"}, patch)]},
)]}

configured(patch) := {"config": {"scans": [object.union(
	{"kind": "sast", "required": true, "fail_on": ["high"], "old_debt": "ignore"},
	patch,
)]}} if {
	is_object(patch)
} else := {"config": {"scans": [patch]}}

test_what_is_well_formed_has_no_problem if {
	every patch in [finding({"state": "unchanged", "waived": true, "overdue": true, "count": 7}), configured({})] {
		count(problems(patch)) == 0
	}
}

test_the_fixture_has_no_problem if count(problems({})) == 0

test_each_broken_part_is_named if {
	every case in [
		[{"schema": "hms.checker/v2"}, "schema is not hms.checker/v1"],
		[{"point": "promotion"}, "point is neither merge nor command"],
		[{"pull_request": {"head_sha": "abc"}}, "pull_request.head_sha is not 40 hexadecimal digits"],
		[{"pull_request": {"last_pusher": ""}}, "an account has an empty login"],
		[{"pull_request": {"last_pusher": null}}, "last_pusher has a login without an id, or an id without a login"],
		[{"approvals": ["grace"]}, "approvals[].id is missing or of the wrong type"],
		[{"approvals": [{"carried": true}]}, "approvals[].carried is missing or of the wrong type"],
		[
			{"approvals": [{"carried": {"pusher": null, "pusher_id": 1}}]},
			"approvals[].carried is missing or of the wrong type",
		],
		[
			{"required_reviews": ["x"]},
			"required_reviews[].rule, owners, files, count or approvers is missing or of the wrong type",
		],
		[
			{"config": {"approvals": {"bots": [{"app": 1, "count": 1}]}}},
			"config.approvals.bots[].app or count is missing or of the wrong type",
		],
		[{"config": {"approvals": {"carry": "always"}}}, "config.approvals.carry is neither content-neutral nor never"],
		[{"pull_request": {"author": {"login": ""}}}, "an account has an empty login"],
		[
			{"pull_request": {"touches_trusted_paths": [1]}},
			"pull_request.touches_trusted_paths holds something that is not a path",
		],
		[{"approvals": ["grace"]}, "approvals[].login is missing or of the wrong type"],
		[
			{"approvals": [{"id": 1, "login": "x", "sha": "y", "permission": "owner"}]},
			"approvals[].permission is missing or of the wrong type",
		],
		[{"overrides": [null]}, "overrides[].reason is missing or of the wrong type"],
		[{"scans": [{"status": "skipped"}]}, "scans[].status is missing or of the wrong type"],
		[{"scans": [{"reason": 1}]}, "scans[].reason is missing or of the wrong type"],
		[{"scans": [{}]}, "scans[].findings is missing or of the wrong type"],
		[{"scans": [{"findings": ["x"]}]}, "scans[].findings.rule is missing or of the wrong type"],
		[{"scans": [{"findings": [{"severity": "HIGH"}]}]}, "scans[].findings.severity is missing or of the wrong type"],
		[finding({"state": "old"}), "scans[].findings.state, waived, overdue or count is missing or of the wrong type"],
		[finding({"waived": "yes"}), "scans[].findings.state, waived, overdue or count is missing or of the wrong type"],
		[finding({"overdue": 1}), "scans[].findings.state, waived, overdue or count is missing or of the wrong type"],
		[finding({"count": 0}), "scans[].findings.state, waived, overdue or count is missing or of the wrong type"],
		[configured("sast"), "config.scans is not a list of scans with kind, required, fail_on and old_debt"],
		[configured({"fail_on": ["grave"]}), "config.scans is not a list of scans with kind, required, fail_on and old_debt"],
		[configured({"old_debt": "30d"}), "config.scans is not a list of scans with kind, required, fail_on and old_debt"],
		[
			{"config": {"overrides": [{"rule": "x", "permission": "admin", "people": 1.5}]}},
			"config.overrides[].rule, permission or people is missing or of the wrong type",
		],
		[
			{"config": {"overrides": [{"rule": "x", "permission": "read"}]}},
			"config.overrides[].rule, permission or people is missing or of the wrong type",
		],
		[{"config": {"approvals": {"count": -1}}}, "config.approvals.count is not a whole number from 0 to 100"],
		[{"config": {"required_scans": [1]}}, "config.required_scans holds something that is not a name"],
		[{"unknown": [1]}, "unknown holds something that is not a sentence"],
		[{"hold": {"by": "grace"}}, "hold does not say by whom and why"],
		[{"point": "command", "command": {"sender": {"permission": "owner"}}}, "command.sender.permission is not known"],
	] {
		case[1] in problems(case[0])
	}
}
