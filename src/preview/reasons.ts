import { oneLine } from "../model/markdown.ts";
import type { PreviewReason } from "../model/preview.ts";
import { isOperating } from "./application.ts";
import { ranForThis } from "./operations.ts";
import { isNothing, type PartView } from "./parts.ts";
import type { PreviewPlan } from "./plan.ts";
import { setReasons } from "./set-errors.ts";
import { workloadReasons } from "./workload-reasons.ts";
import type { PreviewWorld } from "./world.ts";

/** More are not read; how many there are is said. */
const REASONS_MAX = 20;
const MESSAGE_MAX = 400;

/** Why a preview is not green, one line per cause, from where it really stands: Argo CD's `health` says nothing of most of them. */
export function reasonsOf(
  plan: PreviewPlan,
  world: PreviewWorld,
  views: readonly PartView[],
  /** Of which Argo CD's own tries and ours have failed. */
  failing: ReadonlySet<PartView | undefined>,
): PreviewReason[] {
  return [
    ...views.flatMap((view) => partReasons(plan, view, failing.has(view))),
    ...(views.some(({ moved }) => !moved) ? setReasons(plan, world) : []),
    ...world.places.flatMap(workloadReasons),
  ];
}

function partReasons(
  plan: PreviewPlan,
  { application, part, place, moved }: PartView,
  failed: boolean,
): PreviewReason[] {
  if (!application || !moved || part.green) return [];
  const at = { cluster: place.cluster, component: part.component };
  const { operationState, conditions, sync, resources } = application.status;
  const awaits = failed ? ("people" as const) : ("machines" as const);
  // What the next try gets as well needs nobody's waiting; of an earlier commit it says nothing.
  const current = ranForThis(plan, application);
  const awaitsOf = (message: string) => (current && REFUSED.test(message) ? ("people" as const) : awaits);
  const found: PreviewReason[] = [];
  if (operationState && operationState.phase !== "Succeeded") {
    const bad = (operationState.syncResult?.resources ?? []).filter(
      ({ status, hookPhase }) => status === "SyncFailed" || hookPhase === "Failed" || hookPhase === "Error",
    );
    for (const { kind, name, message } of bad) {
      found.push({ ...at, ...causeOf(message), object: `${kind} ${name}`, awaits: awaitsOf(message) });
    }
    const over = !isOperating(application) || /[Rr]etrying/.test(operationState.message);
    if (bad.length === 0 && over && operationState.message !== "") {
      found.push({ ...at, ...causeOf(operationState.message), awaits: awaitsOf(operationState.message) });
    }
  }
  for (const { type, message } of conditions) {
    // Says again what the operation says.
    if (type === "SyncError" && found.length > 0) continue;
    if (!/Error$|^(?:Shared|Repeated)ResourceWarning$/.test(type)) continue;
    if (UNREADABLE.test(message)) {
      found.push({ ...at, cause: "credentials", message: unreadable(plan), awaits: "people" });
      continue;
    }
    const own = type === "ComparisonError" || type === "InvalidSpecError" ? "source" : "sync";
    const { cause, ...rest } = causeOf(message);
    const told = message.includes(plan.sha) && REFUSED.test(message);
    const passing = type === "SyncError" ? !failed && !told : PASSING.test(message);
    found.push({ ...at, ...rest, cause: cause === "sync" ? own : cause, awaits: passing ? "machines" : "people" });
  }
  if (found.length > 0 || isOperating(application)) return found;
  if (sync?.status === "Synced" && operationState && isNothing(application)) {
    const path = plan.config.components.find(({ name }) => name === part.component)?.path;
    const where = path === undefined ? at : { ...at, file: path };
    return [{ ...where, cause: "source", message: "There is no manifest in it at this commit.", awaits: "people" }];
  }
  if (sync?.status === "OutOfSync") {
    const synced = current && operationState?.phase === "Succeeded";
    return resources
      .filter(({ status }) => status === "OutOfSync")
      .map(({ kind, name }) => ({
        ...at,
        cause: "sync",
        message: synced ? UNLIKE : "It is not yet as the manifests say.",
        object: `${kind} ${name}`,
        awaits,
      }));
  }
  return resources.flatMap(({ kind, name, health }): PreviewReason[] =>
    health?.status === "Degraded"
      ? [{ ...at, cause: "workload", message: health.message || "Degraded", object: `${kind} ${name}`, awaits }]
      : [],
  );
}

/** What git says of a repository that one may not read: GitHub answers 404 for those that one may not know of. */
const UNREADABLE =
  /could not read (?:Username|Password) for|[Aa]uthentication (?:required|failed)|[Rr]epository not found|[Ii]nvalid (?:username|credentials)|terminal prompts disabled/;

function unreadable({ fork, credentials }: PreviewPlan): string {
  if (fork) return "The source is private, and a fork's preview gets no credential to read it with.";
  return credentials.git
    ? "Argo CD is refused the source with the credential that the operator gave for this repository."
    : "Argo CD cannot read the source: it is private or not there, and the operator gave no credential for this repository.";
}

/** The API server leaves out fields that it does not know. */
const UNLIKE =
  "It was synced, and still is not as the manifests say: a field may be misspelt, or something on the cluster sets it.";

/** Of the network or a program that is starting: the same question gets another answer later. */
const PASSING =
  /connection (?:refused|reset)|timed? ?out|deadline exceeded|\bEOF\b|unavailable|context canceled|no such host|i\/o timeout|too many requests|try again|TLS handshake/i;

/** What an object is refused for whenever it is tried. */
const REFUSED =
  /ValidatingAdmissionPolicy|violates PodSecurity|not permitted in project|denied the request|\bis invalid: |: invalid resource name |cannot be handled as a |failed to create typed patch object/;

const CAUSES: readonly [pattern: RegExp, cause: PreviewReason["cause"]][] = [
  [/exceeded quota|must specify limits|must specify requests/i, "quota"],
  [/violates PodSecurity/i, "pod-security"],
  [/ValidatingAdmissionPolicy|admission webhook|not permitted in project|denied the request/i, "admission"],
  [/is forbidden: User|cannot (?:create|patch|get|list|update|delete) resource/i, "admission"],
  [/ImagePull|pull(?:ing)? image/i, "image-pull"],
];

export function causeOf(message: string): Pick<PreviewReason, "cause" | "message" | "file"> {
  const cause = CAUSES.find(([pattern]) => pattern.test(message))?.[1] ?? "sync";
  const file = fileOf(message);
  return { cause, message: plainly(message), ...(file === undefined ? {} : { file }) };
}

/** Without what the programs between say of themselves: a title has room for little more than the reason. */
function plainly(message: string): string {
  return message
    .slice(0, 10 * MESSAGE_MAX)
    .replace(/^Failed last sync attempt to \[?[0-9a-f]{40}\]?: /, "")
    .replace(/^Failed to load target state: /, "")
    .replace(/^failed to generate manifest for source \d{1,3} of \d{1,3}: /, "")
    .replace(/^rpc error: code = (?:Unknown|FailedPrecondition|InvalidArgument) desc = /, "")
    .replace(/^Manifest generation error \(cached\): /, "")
    .replace(/failed to unmarshal manifest: error converting YAML to JSON: /, "")
    .replace(/^one or more objects failed to apply, reason: /, "")
    .replace(/^error when (?:creating|patching|applying patch|replacing) "[^"]{1,200}": /, "")
    .replace(/ValidatingAdmissionPolicy 'hms-[\w-]{1,100}' with binding '[\w-]{1,100}' denied request: /, "")
    .replace(
      /^\w{1,100} in version "[\w/.-]{1,100}" cannot be handled as a \w{1,100}: (?:json|strict decoding error): /,
      "",
    )
    .replace(/^failed to create typed patch object \([^()]{1,300}\): /, "")
    .replace(/ \(retried \d{1,3} times\)\.?$/, "");
}

/** A file of the source that a message names, without the folder that Argo CD has it in. */
function fileOf(message: string): string | undefined {
  const [path] = /[\w./-]{1,200}\.(?:ya?ml|json)\b/.exec(message.slice(0, 2_000)) ?? [];
  return path?.replace(/^\/tmp\/(?:_argocd-repo\/)?[0-9a-f-]{36}\//, "").replace(/^\/(?:.*\/)?/, "");
}

/** One line each, without what looks like a credential, none twice, what people have to do first, and not too many. */
export function tidyReasons(reasons: readonly PreviewReason[]): PreviewReason[] {
  const order = ["people", "machines", "nobody"];
  const lines = reasons.map((reason) => {
    const message = clip(withoutCredentials(oneLine(reason.message)).replace(/ {2,}/g, " ").trim());
    return { ...reason, message, ...(reason.object === undefined ? {} : { object: clip(oneLine(reason.object)) }) };
  });
  const unlike = lines.filter(
    (one, at) =>
      lines.findIndex(
        (other) => other.message === one.message && other.object === one.object && other.cluster === one.cluster,
      ) === at,
  );
  const sorted = unlike.sort((a, b) => order.indexOf(a.awaits) - order.indexOf(b.awaits));
  if (sorted.length <= REASONS_MAX) return sorted;
  const more = sorted.length - REASONS_MAX + 1;
  return [
    ...sorted.slice(0, REASONS_MAX - 1),
    { cause: "workload", message: `There are ${more} more reasons.`, awaits: "nobody" },
  ];
}

function clip(text: string): string {
  return text.length > MESSAGE_MAX ? `${text.slice(0, MESSAGE_MAX - 1)}…` : text;
}

function withoutCredentials(text: string): string {
  return text
    .slice(0, 10 * MESSAGE_MAX)
    .replace(/(\w{1,20}:\/\/)[^\s/@"']{1,300}@/g, "$1***@")
    .replace(/\b(?:gh[a-z]_|github_pat_|eyJ)[\w.-]{10,}/g, "***")
    .replace(/\b((?:bearer|basic|token|password|secret)["']?[ :=]+["']?)[\w.+/=-]{12,}/gi, "$1***");
}
