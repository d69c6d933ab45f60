package hms_test

import data.hms

test_nothing_is_malformed if {
	answer := hms.decision with input as {}
	not answer.allow
	[denial] := answer.deny
	denial.rule == "malformed-input"
	answer.waiting == []
	answer.warn == []
}

test_what_is_not_an_object_is_malformed if {
	every document in [null, [], "x", 1, true] {
		answer := hms.decision with input as document
		not answer.allow
		answer.deny[0].rule == "malformed-input"
	}
}

test_every_field_is_needed if {
	every path in [path | some path, _ in data.hms.shape.fields] {
		answer := hms.decision with input as json.remove(fixture, [replace(path, ".", "/")])
		not answer.allow
		answer.deny[0].rule == "malformed-input"
	}
}

test_every_field_of_a_command_is_needed if {
	command := object.union(fixture, {"point": "command", "command": {
		"verb": "help",
		"sender": {"id": 2, "login": "grace", "permission": "write", "is_author": false, "is_last_pusher": false},
	}})
	allowed := hms.decision with input as command
	allowed.allow
	every path in [path | some path, _ in data.hms.shape.command_fields] {
		answer := hms.decision with input as json.remove(command, [replace(path, ".", "/")])
		not answer.allow
		answer.deny[0].rule == "malformed-input"
	}
}

test_a_mergeable_pull_request if {
	hms.decision == {"allow": true, "deny": [], "waiting": [], "warn": []} with input as fixture
}

test_entries_are_sorted_by_rule_and_message if {
	answer := hms.decision with input as object.union(fixture, {"unknown": ["b", "a"], "approvals": []})
	[[entry.rule, entry.message] | some entry in answer.waiting] == [
		["approvals", "0 of 1 approval at this commit by people with write access who neither wrote nor last pushed it."],
		["facts-known", "a"],
		["facts-known", "b"],
	]
}

fixture := {
	"schema": "hms.checker/v1",
	"point": "merge",
	"repository": {"id": 7, "owner": "acme", "name": "shop", "default_branch": "main"},
	"pull_request": {
		"number": 12,
		"head_sha": "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
		"base": "main",
		"fork": false,
		"draft": false,
		"author": {"id": 1, "login": "ada", "type": "User", "association": "MEMBER"},
		"last_pusher": "ada",
		"last_pusher_id": 1,
		"labels": [],
		"commits": 1,
		"changed_files": ["src/cart.ts"],
		"touches_trusted_paths": [],
	},
	"approvals": [{"id": 2, "login": "grace", "permission": "write", "sha": "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}],
	"required_reviews": [],
	"scans": [{
		"kind": "secrets",
		"sha": "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
		"status": "completed",
		"findings": [],
	}],
	"hold": null,
	"overrides": [],
	"ok_to_test": null,
	"unknown": [],
	"config": {
		"valid": true,
		"required_scans": ["secrets"],
		"approvals": {"count": 1, "carry": "content-neutral", "bots": []},
		"overrides": [
			{"rule": "no-critical-findings", "permission": "admin"},
			{"rule": "no-high-findings", "permission": "maintain"},
		],
	},
}
