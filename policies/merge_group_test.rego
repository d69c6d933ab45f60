package hms.merge_group_test

import data.hms
import data.hms.merge_group

sha := "cccccccccccccccccccccccccccccccccccccccc"

head := "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

fixture := {
	"schema": "hms.checker/v1",
	"point": "merge-group",
	"repository": {"id": 7, "owner": "acme", "name": "shop", "default_branch": "main"},
	"group": {
		"sha": sha,
		"base": "main",
		"members": [member({}), member({"number": 8})],
		"unexplained": [],
		"overdue": false,
	},
	"scans": [scan({})],
	"config": {"valid": true, "required_scans": ["secrets"]},
}

member(patch) := object.union({"number": 7, "head_sha": head, "outcome": "allow", "why": ""}, patch)

scan(patch) := object.union({"kind": "secrets", "sha": sha, "status": "completed", "findings": []}, patch)

decision(patch) := answer if {
	answer := hms.decision with input as object.union(fixture, patch)
}

lines(entries) := [[entry.rule, entry.message] | some entry in entries]

bad(patch) := {"members": [member({}), member(object.union({"number": 8, "why": "approvals, hold."}, patch))]}

test_a_group_of_allowed_pull_requests if decision({}) == {"allow": true, "deny": [], "waiting": [], "warn": []}

test_one_refused_member_is_named if {
	every outcome in ["deny", "waiting-on-people"] {
		answer := decision({"group": bad({"outcome": outcome})})
		lines(answer.deny) == [["members-allowed", "Pull request 8 is not allowed at its head aaaaaaa: approvals, hold."]]
		answer.waiting == []
	}
}

test_an_undecided_member_is_waited_for_and_then_refused if {
	every outcome in ["unknown", "waiting-on-machines"] {
		early := decision({"group": bad({"outcome": outcome})})
		early.deny == []
		lines(early.waiting) == [["members-allowed", "Pull request 8 is not decided yet: approvals, hold."]]
		late := decision({"group": object.union(bad({"outcome": outcome}), {"overdue": true})})
		late.waiting == []
		lines(late.deny) == [[
			"members-allowed",
			"Pull request 8 could not be decided in time at its head aaaaaaa: approvals, hold.",
		]]
	}
}

test_what_no_pull_request_explains if {
	every patch in [{"unexplained": ["Whence?"]}, {"members": [], "unexplained": ["Whence?"]}] {
		early := decision({"group": patch})
		early.deny == []
		"Whence?" in {entry.message | some entry in early.waiting}
		late := decision({"group": object.union(patch, {"overdue": true})})
		late.waiting == []
		"Whence?" in {entry.message | some entry in late.deny}
	}
}

test_a_group_without_members_is_never_allowed if {
	lines(decision({"group": {"members": []}}).waiting) == [["group-explained", "No pull request is known to be in this group."]]
}

test_findings_of_the_groups_own_commits if {
	found := [{"rule": "secrets/key", "severity": "critical"}, {"rule": "x/y", "severity": "low"}]
	answer := decision({"scans": [scan({"findings": found})]})
	lines(answer.deny) == [[
		"no-critical-findings",
		"The queue's own commits bring 1 critical finding that no pull request has: secrets/key (1).",
	]]
}

test_scans if {
	every case in [
		[[], "The secrets scan of the group's own commits has not reported."],
		[[scan({"sha": head})], "The secrets scan of the group's own commits has not reported."],
		[
			[scan({"status": "unknown", "reason": "No disk."})],
			"The secrets scan of the group's own commits could not tell: No disk.",
		],
	] {
		lines(decision({"scans": case[0]}).waiting) == [["required-scans", case[1]]]
		late := decision({"scans": case[0], "group": {"overdue": true}})
		late.waiting == []
		lines(late.deny) == [["required-scans", case[1]]]
	}
}

test_broken_configuration if {
	[entry.rule | some entry in decision({"config": {"valid": false}}).deny] == ["valid-configuration"]
}

test_every_field_is_needed if {
	every path in [path | some path, _ in merge_group.fields] {
		answer := hms.decision with input as json.remove(fixture, [replace(path, ".", "/")])
		not answer.allow
		answer.deny[0].rule == "malformed-input"
	}
}

test_malformed if {
	every patch in [
		{"schema": "hms.checker/v2"},
		{"group": {"sha": "abc"}},
		{"group": {"members": [member({"number": "7"})]}},
		{"group": {"members": [member({"why": 1})]}},
		{"group": {"members": [member({"head_sha": null})]}},
		{"group": {"members": [member({"outcome": "yes"})]}},
		{"group": {"members": [1]}},
		{"group": {"unexplained": [1]}},
		{"config": {"required_scans": [1]}},
		{"scans": [scan({"kind": 1})]},
		{"scans": [scan({"reason": 1})]},
		{"scans": [scan({"findings": null})]},
		{"scans": [scan({"findings": [{"severity": "high"}]})]},
		{"scans": [scan({"findings": [{"rule": "a/b", "severity": "grave"}]})]},
	] {
		answer := decision(patch)
		[entry.rule | some entry in answer.deny] == ["malformed-input"]
	}
}
