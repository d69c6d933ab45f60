package hms.text_test

import data.hms.text

found(kind, rule) := {"kind": kind, "by": "x", "finding": {"rule": rule, "severity": "high"}}

test_secret_is_rotated_and_taken_out_of_the_history if {
	entries := [found("secrets", "secrets/aws-secret-access-key"), found("secrets", "secrets/unscanned")]
	contains(text.remedy(entries), "Rotate the secret")
	contains(text.remedy([found("leaks", "leaks/generic-api-key")]), "Rotate the secret")
	contains(text.remedy([found("sast", "secrets/key")]), "Rotate the secret")
}

test_unscanned_is_not_called_a_secret if {
	not contains(text.remedy([found("secrets", "secrets/unscanned")]), "Rotate")
}

test_other_findings_are_fixed_or_waived if {
	text.remedy([found("sast", "sast/sql-injection"), found("iac", "iac/a")]) == concat("", [
		"Fix what hms/scan/iac, hms/scan/sast names and push, ",
		"or have a waiver that expires merged to the default branch.",
	])
}
