import type { AdmissionPolicy } from "../config/shipped-manifests.ts";
import type { Diagnosis } from "../model/diagnosis.ts";
import { isAllowedHost } from "../preview/preview.ts";
import type { ClusterFacts, ClustersFacts } from "./cluster-facts.ts";
import { applyCommand, OR_OVERLAY, placeOf, some } from "./cluster-words.ts";
import { findingsAt, plain } from "./finding.ts";

/** Whom a policy knows by name: https://kubernetes.io/docs/reference/access-authn-authz/validating-admission-policy/#matching-requests-matchconditions */
const KIND_LABEL = "hms-sys.dev/policy";
const OTHER_NAMES =
  "Take the names from manifests/overlays/renamed into an overlay of your own, and apply it, or run HMS-SYS as that user.";

/** What the files leave to overlays. Everything else is as it is shipped, or somebody changed it. */
const FOR_OVERLAYS: Record<string, string> = {
  "hms-self-scope": "argocd",
  "hms-self-namespaces": "domains",
  "hms-self-argocd": "sources",
  "hms-self-scans": "images",
  "hms-preview-leftovers": "finalizers",
  "hms-preview-ingresses": "annotations",
};

/** The admission policies of a cluster, held against those that are shipped for it. */
export function checkFences(cluster: ClusterFacts, facts: ClustersFacts): Diagnosis[] {
  const { policies, bindings, user, declared } = cluster;
  const at = findingsAt(placeOf(declared));
  if (!policies.ok)
    return [at.unknown("fences", `The admission policies could not be read: ${plain(policies.problem)}`)];
  if (!bindings.ok) return [at.unknown("fences", `Their bindings could not be read: ${plain(bindings.problem)}`)];
  const shipped = shippedFor(cluster, facts);
  const missing = shipped.filter(({ metadata: { name } }) => !policies.value.has(name)).map(nameOf);
  const there = shipped.flatMap((wanted) => {
    const found = policies.value.get(wanted.metadata.name);
    return found ? [{ wanted, found }] : [];
  });
  const idle = there
    .filter(
      ({ found }) =>
        found.spec.failurePolicy !== "Fail" ||
        !bindings.value.some(({ policy, denies }) => policy === nameOf(found) && denies),
    )
    .map(({ found }) => nameOf(found));
  const changed = there.flatMap(({ wanted, found }) => {
    const parts = differences(wanted, found);
    return parts.length > 0 ? [`${nameOf(found)} (${parts.join(", ")})`] : [];
  });
  const command = applyCommand(cluster);
  return [
    ...(missing.length > 0
      ? [at.fail("fences", `Admission policies are not there: ${some(missing)}`, OR_OVERLAY, command)]
      : []),
    ...(idle.length > 0
      ? [
          at.fail(
            "fences",
            `Admission policies refuse nothing, for want of failurePolicy: Fail or of a binding that denies everywhere: ${some(idle)}`,
            OR_OVERLAY,
            command,
          ),
        ]
      : []),
    ...(missing.length + idle.length === 0
      ? [at.ok("fences", `All ${shipped.length} admission policies are there, and deny`)]
      : []),
    ...(changed.length > 0
      ? [
          at.warn(
            "fences-changed",
            `Admission policies are not as this version ships them, so that what they refused may pass: ${some(changed)}`,
            `${OR_OVERLAY} ${command}`,
          ),
        ]
      : []),
    ...checkNames(cluster, facts, user.ok ? user.value : undefined),
    ...checkOpen(cluster, facts),
    ...checkScanImage(cluster),
  ];
}

function shippedFor({ besideArgoCd }: ClusterFacts, { shipped }: ClustersFacts): AdmissionPolicy[] {
  return [...shipped.everywhere.policies, ...(besideArgoCd ? shipped.beside.policies : [])];
}

function nameOf({ metadata }: AdmissionPolicy): string {
  return metadata.name;
}

/** In which respects a policy covers something else than it should. What is refused besides is the operator's own. */
function differences(wanted: AdmissionPolicy, found: AdmissionPolicy): string[] {
  const [ours, theirs] = [wanted.spec, found.spec];
  const left = FOR_OVERLAYS[nameOf(wanted)];
  const named = [wanted.metadata.labels[KIND_LABEL]].some((kind) => kind === "self" || kind === "others");
  const conditions = ({ matchConditions }: AdmissionPolicy["spec"]) =>
    matchConditions.slice(named ? 1 : 0).map(({ expression }) => expression);
  const variables = ({ variables }: AdmissionPolicy["spec"]) =>
    variables.filter(({ name }) => name !== left).map(({ name, expression }) => [name, expression]);
  const refusals = theirs.validations.map(({ expression }) => expression);
  const lost = ours.validations.filter(({ expression }) => !refusals.includes(expression)).length;
  return [
    ...(sameJson(ours.matchConstraints, theirs.matchConstraints) ? [] : ["matchConstraints"]),
    ...(sameJson(conditions(ours), conditions(theirs)) ? [] : ["matchConditions"]),
    ...(sameJson(variables(ours), variables(theirs)) ? [] : ["variables"]),
    ...(lost > 0 ? [`${lost} of ${ours.validations.length} validations`] : []),
  ];
}

function sameJson(one: unknown, other: unknown): boolean {
  return JSON.stringify(sorted(one)) === JSON.stringify(sorted(other));
}

/** With the keys of records in one order. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, sorted(inner)]),
  );
}

/** That the policies know HMS-SYS and Argo CD by the names that they have. */
function checkNames(cluster: ClusterFacts, facts: ClustersFacts, user: string | undefined): Diagnosis[] {
  const { policies, declared } = cluster;
  const at = findingsAt(placeOf(declared));
  if (user === undefined)
    return [
      at.unknown("cluster-identity", "Who HMS-SYS is there could not be asked, so that nobody knows what holds it"),
    ];
  const found = shippedFor(cluster, facts).flatMap(({ metadata: { name } }) =>
    policies.ok ? (policies.value.get(name) ?? []) : [],
  );
  const free = found.filter((policy) => {
    const kind = policy.metadata.labels[KIND_LABEL];
    const operator = kind === "self" ? "==" : kind === "others" ? "!=" : undefined;
    const first = policy.spec.matchConditions[0]?.expression;
    return operator !== undefined && first !== `request.userInfo.username ${operator} '${user}'`;
  });
  if (free.length > 0)
    return [
      at.fail(
        "cluster-identity",
        `HMS-SYS is ${plain(user)} there, whom these admission policies do not know: ${some(free.map(nameOf))}. They hold somebody else, and not HMS-SYS`,
        OTHER_NAMES,
      ),
    ];
  const { namespace } = facts.inventory.argocd;
  const scope = policies.ok ? variableOf(policies.value.get("hms-self-scope"), "argocd") : undefined;
  if (scope !== undefined && scope !== `'${namespace}'`)
    return [
      at.fail(
        "cluster-identity",
        `Argo CD's namespace is ${plain(namespace)} in HMS_CLUSTERS, and ${plain(scope)} in the admission policy hms-self-scope: one of them is wrong`,
        "Set argocd.namespace in HMS_CLUSTERS, or the variable argocd of hms-self-scope in an overlay (manifests/overlays/renamed).",
      ),
    ];
  return [at.ok("cluster-identity", `HMS-SYS is ${plain(user)}, as the admission policies know it`)];
}

export function variableOf(policy: AdmissionPolicy | undefined, name: string): string | undefined {
  return policy?.spec.variables.find((one) => one.name === name)?.expression;
}

/** The texts of a list of CEL; undefined where it is more than a list of texts. */
export function textsIn(expression: string): string[] | undefined {
  if (!/^\s*\[\s*(?:'[^'\\]*'\s*(?:,\s*|(?=\])))*\]\s*$/.test(expression)) return undefined;
  return [...expression.matchAll(/'([^']*)'/g)].map(([, text = ""]) => text);
}

/** Lists that the operator has to fill in, as nobody else knows what belongs there. */
function checkOpen(cluster: ClusterFacts, { inventory }: ClustersFacts): Diagnosis[] {
  const { policies, declared, besideArgoCd } = cluster;
  if (!policies.ok) return [];
  const at = findingsAt(placeOf(declared));
  const domains = listIn(policies.value.get("hms-self-namespaces"), "domains");
  const sources = besideArgoCd ? listIn(policies.value.get("hms-self-argocd"), "sources") : undefined;
  const open = [
    ...(domains?.length === 0 ? ["answer for any host (hms-self-namespaces, variable domains)"] : []),
    ...(sources?.length === 0 ? ["deploy any repository that Argo CD reads (hms-self-argocd, variable sources)"] : []),
  ];
  const beyond = inventory.hosts.filter((host) => domains?.length && !isWithin(host.replace("*", "x"), domains));
  return [
    ...(open.length > 0
      ? [
          at.warn(
            "fences-open",
            `With a stolen token of HMS-SYS previews could ${open.join(", and ")}`,
            "Fill them in, in an overlay: manifests/overlays/renamed has an example of each.",
          ),
        ]
      : []),
    ...(beyond.length > 0
      ? [
          at.fail(
            "fences-hosts",
            `HMS_CLUSTERS allows previews ${some(beyond)}, but the admission policy hms-self-namespaces refuses these hosts`,
            "Add their ending to the variable domains of hms-self-namespaces in your overlay, or take them out of hosts.",
          ),
        ]
      : []),
  ];
}

/** Without the image in the policy no scan of this cluster starts. */
function checkScanImage({ policies, declared }: ClusterFacts): Diagnosis[] {
  if (!policies.ok || !declared.scans) return [];
  const at = findingsAt(placeOf(declared));
  const images = listIn(policies.value.get("hms-self-scans"), "images");
  if (images === undefined)
    return [at.unknown("fences-scans", "Which images scans may run could not be read from the policy hms-self-scans")];
  if (images.includes(declared.scans.image))
    return [at.ok("fences-scans", "Scans may run the image that HMS_CLUSTERS names, and no other")];
  return [
    at.fail(
      "fences-scans",
      `HMS_CLUSTERS names an image for scans that the admission policy hms-self-scans refuses: ${plain(declared.scans.image)}`,
      "Name it in the variable images of hms-self-scans, in an overlay of yours: manifests/overlays/renamed has an example.",
    ),
  ];
}

function listIn(policy: AdmissionPolicy | undefined, name: string): string[] | undefined {
  const expression = variableOf(policy, name);
  return expression === undefined ? undefined : textsIn(expression);
}

/** Whether the namespaces of previews may be given a host on this cluster, by the operator's lists; undefined: they cannot be read. */
export function refusesHost(
  { policies }: ClusterFacts,
  { inventory }: ClustersFacts,
  host: string,
): boolean | undefined {
  if (!policies.ok) return undefined;
  const domains = listIn(policies.value.get("hms-self-namespaces"), "domains");
  if (domains === undefined) return undefined;
  return !isAllowedHost(host, inventory.hosts) || !(domains.length === 0 || isWithin(host, domains));
}

function isWithin(host: string, domains: readonly string[]): boolean {
  return domains.some((domain) => host.endsWith(domain));
}
