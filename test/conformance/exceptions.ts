/** Where GitHub's own answers are known to differ from its description. Everything else has to fit. */
export type Exception = { where: RegExp; pointer: RegExp; message: RegExp; reason: string };

export const exceptions: Exception[] = [
  {
    where: /^GET \/app\/installations → 200/,
    pointer: /^\/\d+\/account$/,
    message: /required property '(name|slug|created_at|updated_at)'/,
    reason: "only in this list the description says that an account is a user *and* an enterprise (allOf for anyOf)",
  },
  {
    where: /^GET \/repos\/\{owner\}\/\{repo\}\/pulls → 200/,
    pointer: /\/labels\/\d+\/description$/,
    message: /must be string/,
    reason: "a label without a description has null there; only this schema forgot it",
  },
  {
    where: /→ 401$/,
    pointer: /^$/,
    message: /^status 401 is not documented/,
    reason: "any call may lack credentials; most operations do not list it",
  },
  {
    where: /^POST \/repos\/\{owner\}\/\{repo\}\/check-runs → 422/,
    pointer: /^$/,
    message: /^status 422 is not documented/,
    reason: "GitHub validates check runs as everything else, but the operation lists no 422",
  },
  {
    where: /\/(?:actions|environments)\b.* → (?:403|404|422)$/,
    pointer: /^$/,
    message: /^status (?:403|404|422) is not documented/,
    reason:
      "what is not there, not allowed or not taken is answered as everywhere, but operations of Actions list only successes",
  },
  {
    where: /^webhook /,
    pointer: /\/email$/,
    message: /must match format "email"/,
    reason: "a bot's noreply address has brackets (123+name[bot]@users.noreply.github.com), which the format refuses",
  },
  {
    where: /^webhook check-suite-/,
    pointer: /\/app\/events\/\d+$/,
    message: /one of the allowed values/,
    reason: "an App's events have `merge_group`, which is older than this list of them (`merge_queue_entry`)",
  },
  {
    where: /^example keys of /,
    pointer: /\/permissions\/\w+$/,
    message: /every published example/,
    reason: "permissions are those of the App that the example is about",
  },
  {
    where: /^example keys of ping$/,
    pointer: /^\/(sender|hook\/(url|ping_url))$/,
    message: /every published example/,
    reason: "the examples ping a repository's webhook; an App's has no sender and no repository addresses",
  },
];

export function excused(where: string, pointer: string, message: string): boolean {
  return exceptions.some((each) => each.where.test(where) && each.pointer.test(pointer) && each.message.test(message));
}
