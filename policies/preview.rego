# METADATA
# title: The preview that the gate waits for
# description: |
#   Applies where the configuration requires a healthy preview and the pull request changes what is previewed. Labels, drafts and commands can keep
#   a preview from being made; they never lift the requirement.
package hms.preview

required if {
	object.get(input.config, "preview", {"required": false}).required
	concerned
}

# Nothing said about it counts as not known, and so does what an earlier release wrote.
found := preview if {
	preview := object.get(input, "preview", null)
	is_object(preview)
} else := {"state": "unknown", "reason": "", "concerned": true, "was_healthy": false}

concerned if found.concerned

# METADATA
# description: At this very commit. One that sleeps was looked at before it went to sleep, and wakes as it was.
healthy if found.state == "healthy"

healthy if asleep

asleep if {
	found.state == "sleeping"
	found.was_healthy
}

unhealthy if found.state in {"failed", "degraded"}

# What is neither good, nor bad, nor in anybody's hands is still being found out.
awaits := "people" if {
	found.state in object.keys(calls)
} else := "machines"

calls := {
	"blocked": "someone with write access",
	"skipped": "someone with write access",
	"sleeping": "someone with write access",
	"disabled": "the operator of HMS-SYS",
}

words := {
	"blocked": "The preview waits for somebody's leave",
	"skipped": "A preview is required and there is none",
	"sleeping": "The preview went to sleep before it was healthy; comment /hms preview wake",
	"disabled": "A preview is required and there are none",
	"queued": "The preview waits for its turn",
	"provisioning": "The preview is being made",
	"degraded": "The preview is not healthy any more",
	"failed": "The preview failed",
	"unknown": "Nothing is known of this commit's preview yet",
}

message := concat("", [words[found.state], because(trim_right(found.reason, ".")), "."])

because("") := ""

because(why) := concat("", [": ", why]) if why != ""
