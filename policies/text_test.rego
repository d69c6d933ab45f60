package hms.text_test

import data.hms.text

test_secret_is_rotated_and_taken_out_of_the_history if {
	contains(text.remedy(["secrets/aws-secret-access-key", "secrets/unscanned"]), "Rotate the secret")
}

test_unscanned_is_not_called_a_secret if {
	not contains(text.remedy(["secrets/unscanned"]), "Rotate")
}

test_other_findings_are_fixed if {
	text.remedy(["sast/sql-injection", "secrets/aws-secret-access-key"]) == "Fix the findings and push."
}
