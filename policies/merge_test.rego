package hms.merge_test

import data.hms
import data.hms_test.fixture

head := fixture.pull_request.head_sha

decision(patch) := answer if {
	answer := hms.decision with input as object.union(fixture, patch)
}

rules(entries) := [entry.rule | some entry in entries]

scan(kind, patch) := object.union({"kind": kind, "sha": head, "status": "completed", "findings": []}, patch)

findings(list) := {"scans": [scan("secrets", {"findings": list})]}

critical := {"rule": "secrets/key", "severity": "critical", "message": "m", "fingerprint": "f"}

override(patch) := object.union(
	{"rule": "no-critical-findings", "by": "barbara", "by_id": 3, "permission": "admin", "sha": head, "reason": "revoked."},
	patch,
)

overridden(patch) := decision(object.union(
	findings([critical]),
	{"overrides": [override(patch), override(object.union(patch, {"by": "edsger", "by_id": 4}))]},
))

sast(list) := {"scans": [scan("secrets", {}), scan("sast", {"findings": list})]}

configured(patch) := {"config": {
	"scans": [object.union({"kind": "sast", "required": true, "fail_on": ["critical", "high"], "old_debt": "ignore"}, patch)],
	"overrides": [{"rule": "no-sast-findings", "permission": "admin"}, {"rule": "no-critical-findings", "permission": "admin"}],
}}

flaw(patch) := object.union({"rule": "sast/eval", "severity": "critical"}, patch)

test_findings_are_counted_and_named if {
	high := [{"rule": concat("/", ["x", name]), "severity": "high"} | some name in ["a", "b", "c", "d"]]
	answer := decision(findings(array.concat([critical, critical], high)))
	[entry.message | some entry in answer.deny] == [
		"2 critical findings: secrets/key (2).",
		"4 high findings: x/a (1), x/b (1), x/c (1) and 1 more.",
	]
	contains(answer.deny[0].remedy, concat("", ["/hms override no-critical-findings ", head, " <reason>"]))
}

test_without_a_configured_override_the_remedy_offers_none if {
	patch := object.union(findings([critical]), {"config": {"overrides": []}})
	endswith(decision(patch).deny[0].remedy, "It cannot be overridden.")
}

test_lesser_findings_warn if {
	answer := decision(findings([{"rule": "a/b", "severity": "low"}]))
	answer.allow
	answer.warn == [{"rule": "lesser-findings", "message": "1 medium or low finding: a/b (1)."}]
}

test_scans if {
	every case in [
		[[], "The secrets scan has not reported on this commit yet."],
		[[scan("secrets", {"sha": "other"})], "The secrets scan has not reported on this commit yet."],
		[[scan("secrets", {"status": "running"})], "The secrets scan is still running."],
		[[scan("secrets", {"status": "unknown", "reason": "No disk."})], "The secrets scan could not tell: No disk."],
	] {
		answer := decision({"scans": case[0]})
		answer.waiting == [{"rule": "required-scans", "message": case[1], "on": "machines"}]
	}
}

test_broken_configuration if {
	answer := decision({"config": {"valid": false}, "overrides": [override({"rule": "valid-configuration"})]})
	rules(answer.deny) == ["valid-configuration"]
}

test_unknown_facts if {
	answer := decision({"unknown": ["No reviews."]})
	answer.waiting == [{"rule": "facts-known", "message": "No reviews.", "on": "machines"}]
}

test_hold_and_draft if {
	answer := decision({"hold": {"by": "grace", "reason": ""}, "pull_request": {"draft": true}})
	answer.waiting == [
		{"rule": "hold", "message": "On hold by grace.", "on": "people", "whom": "grace"},
		{
			"rule": "ready-for-review",
			"message": "This pull request is a draft; mark it ready for review.",
			"on": "people",
			"whom": "ada",
		},
	]
}

test_approvals_that_do_not_count if {
	every approval in [
		{"id": 1, "login": "renamed", "permission": "admin", "sha": head},
		{"id": 2, "login": "grace", "permission": "triage", "sha": head},
		{"id": 2, "login": "grace", "permission": "admin", "sha": "other"},
		{"id": 5, "login": "helper[bot]", "permission": "admin", "sha": head},
		{"id": 2, "login": "", "permission": "admin", "sha": head},
		{"id": 0, "login": "ghost", "permission": "admin", "sha": head},
	] {
		rules(decision({"approvals": [approval]}).waiting) == ["approvals"]
	}
}

test_nobody_is_independent_of_an_unknown_pusher if {
	answer := decision({"pull_request": {"last_pusher": null, "last_pusher_id": null, "touches_trusted_paths": [".github/hms.yml"]}})
	[[entry.rule, entry.on] | some entry in answer.waiting] == [
		["approvals", "machines"],
		["trusted-paths-admin-approval", "machines"],
	]
}

test_trusted_paths if {
	paths := {"pull_request": {"touches_trusted_paths": [".github/hms.yml"]}}
	rules(decision(paths).waiting) == ["trusted-paths-admin-approval"]
	decision(object.union(paths, {"approvals": [{"id": 3, "login": "barbara", "permission": "admin", "sha": head}]})).allow
	unknown := decision({"pull_request": {"touches_trusted_paths": null}})
	[[entry.rule, entry.on] | some entry in unknown.waiting] == [["trusted-paths-admin-approval", "machines"]]
}

test_an_override_turns_a_denial_into_a_warning if {
	answer := overridden({})
	answer.allow
	[entry.message | some entry in answer.warn] == [
		"Overridden by barbara: revoked. It said: 1 critical finding: secrets/key (1).",
		"Overridden by edsger: revoked. It said: 1 critical finding: secrets/key (1).",
	]
}

test_one_person_does_not_set_a_secret_aside if {
	every overrides in [[override({})], [override({}), override({"by": "renamed"})]] {
		answer := decision(object.union(findings([critical]), {"overrides": overrides}))
		rules(answer.deny) == ["no-critical-findings"]
		startswith(answer.warn[0].message, "1 of 2 people overrides this: barbara: revoked.")
		contains(answer.deny[0].remedy, "Or let 2 people with admin permission")
		endswith(answer.deny[0].remedy, "(1 of 2 people so far)")
	}
}

test_other_findings_take_one_person_unless_the_configuration_asks_for_more if {
	rule := "no-sast-findings"
	overrides := {"overrides": [override({"rule": rule}), override({"rule": rule, "by": "edsger", "by_id": 4})]}
	patch := object.union(sast([flaw({})]), configured({}))
	one := {"overrides": [overrides.overrides[0]]}
	decision(object.union(patch, one)).allow
	more := {"config": {"overrides": [{"rule": rule, "permission": "admin", "people": 3}]}}
	answer := decision(object.union_n([patch, more, overrides]))
	rules(answer.deny) == [rule]
	startswith(answer.warn[0].message, "2 of 3 people override this: barbara: revoked.")
}

test_a_kind_that_is_configured_has_a_rule_of_its_own if {
	answer := decision(object.union(sast([flaw({"count": 3}), flaw({"rule": "sast/sql", "severity": "high"})]), configured({})))
	[[entry.rule, entry.message] | some entry in answer.deny] == [[
		"no-sast-findings",
		"4 sast findings (3 critical, 1 high): sast/eval (3), sast/sql (1).",
	]]
}

test_old_debt if {
	old := flaw({"state": "unchanged", "count": 5})
	ignored := decision(object.union(sast([old]), configured({})))
	ignored.allow
	ignored.warn == [{
		"rule": "old-findings",
		"message": "5 findings of the sast scan that the base branch has as well: sast/eval (5).",
	}]
	overdue := decision(object.union(sast([object.union(old, {"overdue": true})]), configured({})))
	blocked := decision(object.union(sast([old]), configured({"old_debt": "block"})))
	unconfigured := decision(sast([old]))
	every answer in [overdue, blocked] {
		[[entry.rule, entry.message] | some entry in answer.deny] == [[
			"no-sast-findings",
			"5 sast findings (5 critical): sast/eval (5); 5 of them the base branch has as well.",
		]]
	}
	rules(unconfigured.deny) == ["no-critical-findings"]
}

test_secrets_are_never_old_debt if {
	entry := configured({"kind": "secrets", "fail_on": []})
	answer := decision(object.union(findings([object.union(critical, {"state": "unchanged"})]), entry))
	rules(answer.deny) == ["no-critical-findings"]
}

test_waived_findings_do_not_block_and_are_named if {
	answer := decision(object.union(sast([flaw({"waived": true, "count": 2})]), configured({"old_debt": "block"})))
	answer.allow
	answer.warn == [{
		"rule": "waived-findings",
		"message": concat("", [
			"2 findings of the sast scan covered by waivers: sast/eval (2). ",
			"hms/scan/sast says by which, and until when.",
		]),
	}]
}

test_what_is_too_mild_is_told if {
	answer := decision(object.union(sast([flaw({"severity": "high"}), flaw({"severity": "low"})]), configured({"fail_on": ["critical"]})))
	answer.allow
	[entry.message | some entry in answer.warn] == ["2 findings too mild to block (1 high, 1 low): sast/eval (2)."]
}

test_overrides_that_do_not_count_say_why if {
	every case in [
		[{"sha": "other"}, "it names another commit"],
		[{"by_id": 1}, "it comes from the author, the last pusher or an app"],
		[{"permission": "maintain"}, "it takes admin permission"],
		[{"rule": "approvals"}, "the configuration does not let this rule be overridden"],
	] {
		answer := decision(object.union(findings([critical]), {"overrides": [override(case[0])]}))
		rules(answer.deny) == ["no-critical-findings"]
		endswith(answer.warn[0].message, concat("", [" does not count: ", case[1], "."]))
	}
}

test_an_override_is_void_while_the_last_pusher_is_unknown if {
	patch := {"overrides": [override({})], "pull_request": {"last_pusher": null, "last_pusher_id": null}}
	answer := decision(object.union(findings([critical]), patch))
	rules(answer.deny) == ["no-critical-findings"]
	endswith(answer.warn[0].message, " does not count: nobody knows who pushed last.")
}
