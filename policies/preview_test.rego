package hms.preview_test

import data.hms
import data.hms_test.fixture

decision(preview, patch) := answer if {
	known := {"state": "healthy", "reason": "", "concerned": true, "was_healthy": false}
	required := {"preview": object.union(known, preview), "config": {"preview": {"required": true}}}
	answer := hms.decision with input as object.union_n([fixture, required, patch])
}

waits(preview) := [[entry.message, entry.on, object.get(entry, "whom", "")] |
	some entry in decision(preview, {}).waiting
	entry.rule == "preview-healthy"
]

test_a_healthy_preview_is_let_through if decision({}, {}).allow

test_one_that_sleeps_counts_as_it_was if {
	answer := decision({"state": "sleeping", "was_healthy": true}, {})
	answer.allow
	answer.warn == [{"rule": "preview-healthy", "message": "The preview was healthy at this commit and sleeps now."}]
	waits({"state": "sleeping"}) == [[
		"The preview went to sleep before it was healthy; comment /hms preview wake.",
		"people", "someone with write access",
	]]
}

test_what_is_not_known_yet_waits_for_machines if {
	every case in [
		["unknown", "Nothing is known of this commit's preview yet: why."],
		["provisioning", "The preview is being made: why."],
		["queued", "The preview waits for its turn: why."],
	] {
		waits({"state": case[0], "reason": "why."}) == [[case[1], "machines", ""]]
	}
}

test_having_been_healthy_is_for_sleep_alone if {
	every state in ["unknown", "provisioning", "queued", "skipped", "disabled", "blocked", "failed"] {
		not decision({"state": state, "was_healthy": true}, {}).allow
	}
}

test_what_people_can_do if {
	every case in [
		["blocked", "The preview waits for somebody's leave.", "someone with write access"],
		["skipped", "A preview is required and there is none.", "someone with write access"],
		["disabled", "A preview is required and there are none.", "the operator of HMS-SYS"],
	] {
		waits({"state": case[0]}) == [[case[1], "people", case[2]]]
	}
}

test_an_unhealthy_preview_is_denied if {
	every case in [["failed", "The preview failed: no."], ["degraded", "The preview is not healthy any more: no."]] {
		some denial in decision({"state": case[0], "reason": "no"}, {}).deny
		denial.rule == "preview-healthy"
		denial.message == case[1]
	}
}

test_it_can_be_overridden_where_the_configuration_says_so if {
	override := {
		"rule": "preview-healthy", "by": "barbara", "by_id": 3, "permission": "admin",
		"sha": fixture.pull_request.head_sha, "reason": "a demo",
	}
	listed := {"config": {"overrides": [{"rule": "preview-healthy", "permission": "admin"}]}, "overrides": [override]}
	decision({"state": "failed"}, listed).allow
	not decision({"state": "provisioning"}, listed).allow
}

test_labels_and_drafts_lift_nothing if {
	waits({"state": "skipped", "reason": "The label no-preview keeps the preview off."}) != []
}

test_a_change_of_nothing_previewed_needs_none if decision({"state": "skipped", "concerned": false}, {}).allow

test_nothing_said_of_a_required_preview_is_no_yes if {
	every patch in [{"preview": null}, object.union({"preview": null}, {"config": {"preview": {"required": true}}})] {
		answer := decision({}, patch)
		not answer.allow
	}
	bare := object.union(fixture, {"config": {"preview": {"required": true}}})
	answer := hms.decision with input as bare
	not answer.allow
}

test_inputs_of_earlier_releases_can_be_judged if {
	answer := hms.decision with input as fixture
	answer.allow
}

test_a_requirement_does_not_get_lost if {
	said := {"preview": {"state": "failed", "reason": "", "concerned": true, "was_healthy": false}}
	answer := hms.decision with input as object.union(fixture, said)
	[entry.rule | some entry in answer.deny] == ["malformed-input"]
}

test_malformed if {
	every patch in [
		{"preview": "healthy"},
		{"preview": {"state": "green"}},
		{"preview": {"reason": 1}},
		{"preview": {"concerned": "no"}},
		{"preview": {"was_healthy": null}},
		{"config": {"preview": {"required": "no"}}},
		{"config": {"preview": null}},
	] {
		answer := decision({}, patch)
		[entry.rule | some entry in answer.deny] == ["malformed-input"]
	}
}
