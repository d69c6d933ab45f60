package hms.command_test

import data.hms
import data.hms_test.fixture

head := fixture.pull_request.head_sha

decision(command, patch) := answer if {
	sender := {"id": 2, "login": "grace", "permission": "write", "is_author": false, "is_last_pusher": false}
	full := object.union({"sender": sender}, command)
	answer := hms.decision with input as object.union_n([fixture, {"point": "command", "command": full}, patch])
}

rules(command) := [entry.rule | some entry in decision(command, {}).deny]

messages(command, patch) := [entry.message | some entry in decision(command, patch).deny]

override(patch) := object.union({"verb": "override", "rule": "no-high-findings", "sha": head}, patch)

maintainer := {"sender": {"permission": "maintain"}}

test_who_may_do_what if {
	every case in [
		["help", "none", false, true],
		["why", "none", false, false],
		["why", "read", false, true],
		["retry", "read", true, true],
		["retry", "read", false, false],
		["hold", "read", true, false],
		["hold", "write", false, true],
		["preview", "read", true, false],
		["preview", "triage", false, false],
		["preview", "write", false, true],
		["scan", "read", true, false],
		["scan", "write", false, true],
		["unhold", "triage", true, false],
		["unhold", "maintain", false, true],
	] {
		[verb, permission, is_author, allowed] := case
		answer := decision({"verb": verb, "sender": {"permission": permission, "is_author": is_author}}, {})
		answer.allow == allowed
	}
}

test_a_refusal_says_what_is_needed if {
	answer := decision({"verb": "hold", "sender": {"permission": "read"}}, {})
	answer.deny == [{
		"rule": "may-hold",
		"message": "/hms hold takes write permission; grace has read.",
		"remedy": "Ask someone with write permission to do it.",
		"controls": ["AC-3", "AC-6"],
	}]
}

test_an_author_is_known_by_id_too if {
	decision({"verb": "retry", "sender": {"id": 1, "permission": "read"}}, {}).allow
}

test_unknown_commands if rules({"verb": "merge"}) == ["known-command"]

test_ok_to_test_names_the_head if {
	decision({"verb": "ok-to-test", "sha": head}, {}).allow
	rules({"verb": "ok-to-test", "sha": "other"}) == ["may-ok-to-test"]
	rules({"verb": "ok-to-test"}) == ["may-ok-to-test"]
}

test_override if {
	decision(override(maintainer), {}).allow
	messages(override({}), {}) == ["Overriding no-high-findings takes maintain permission; grace has write."]
	rules(override({"sha": "other", "sender": {"permission": "admin"}})) == ["may-override"]
}

test_override_takes_a_listed_rule if {
	unlisted := decision(override({"rule": "x", "sender": {"permission": "admin"}}), {})
	unlisted.deny[0].remedy == "Name one of: no-critical-findings, no-high-findings."
	none := decision(override(maintainer), {"config": {"overrides": []}})
	none.deny[0].remedy == "Name one of: none; no rule is overridable."
}

test_override_takes_somebody_independent if {
	expected := ["An override cannot come from the author, the last pusher or an app."]
	every sender in [
		{"is_author": true},
		{"is_last_pusher": true},
		{"id": 1},
		{"login": "helper[bot]"},
	] {
		messages(override({"sender": object.union({"permission": "admin"}, sender)}), {}) == expected
	}
	messages(override(maintainer), {"pull_request": {"last_pusher": "renamed", "last_pusher_id": 2}}) == expected
	messages(override(maintainer), {"pull_request": {"last_pusher": null, "last_pusher_id": null}}) == [
		"It is not known who pushed last, so nobody can be shown to be independent.",
	]
}

test_what_loosens_the_gate_waits_for_facts if {
	unknown := {"unknown": ["No reviews."]}
	decision({"verb": "unhold"}, unknown).waiting == [{"rule": "facts-known", "message": "No reviews.", "on": "machines"}]
	decision({"verb": "retry"}, unknown).allow
}
