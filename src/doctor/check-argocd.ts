import type { Diagnosis } from "../model/diagnosis.ts";
import type { Asked } from "./asked.ts";
import type { ArgoCdFacts, ClustersFacts } from "./cluster-facts.ts";
import { kubectl, some } from "./cluster-words.ts";
import { findingsAt, plain } from "./finding.ts";

type At = ReturnType<typeof findingsAt>;

/** The series that all tests run on, and the oldest that can sync as somebody else. */
const TESTED = "3.2";
const IMPERSONATES_SINCE = [2, 13] as const;

/** Argo CD as previews need it: https://argo-cd.readthedocs.io/en/release-3.2/operator-manual/argocd-cm-yaml/ */
export function checkArgoCd(facts: ClustersFacts): Diagnosis[] {
  const { inventory, argocd } = facts;
  const { cluster, namespace } = inventory.argocd;
  const at = findingsAt(`Argo CD in ${plain(namespace)} of ${plain(cluster)}`);
  const { namespace: there, kindsMissing } = argocd;
  if (!there.ok) return [at.unknown("argocd", `Its namespace could not be looked at: ${plain(there.problem)}`)];
  if (!there.value)
    return [
      at.fail(
        "argocd",
        `The cluster has no namespace ${plain(namespace)}`,
        "Install Argo CD, or set argocd.cluster and argocd.namespace in HMS_CLUSTERS to where it is.",
      ),
    ];
  return [
    !kindsMissing.ok
      ? at.unknown("argocd", `Whether its kinds are served could not be asked: ${plain(kindsMissing.problem)}`)
      : kindsMissing.value.length > 0
        ? at.fail(
            "argocd",
            `The API server does not know ${some(kindsMissing.value)}: Argo CD is not installed there, or not with ApplicationSets`,
            "Apply the definitions of your Argo CD's version:",
            `${commandOf(facts)} apply --server-side -k 'https://github.com/argoproj/argo-cd/manifests/crds?ref=v${TESTED}.6'`,
          )
        : at.ok("argocd", "It is installed, with ApplicationSets"),
    checkVersion(at, argocd),
    checkImpersonation(at, facts),
    checkTracking(at, facts),
    checkSetPolicy(at, facts),
    ...checkKnown(facts),
  ];
}

function commandOf({ inventory }: ClustersFacts): string {
  const home = inventory.clusters.find(({ name }) => name === inventory.argocd.cluster);
  return home ? kubectl(home) : "kubectl";
}

/** What changes one setting and leaves the others. */
function patchCommand(facts: ClustersFacts, configMap: string, data: Record<string, string>): string {
  return `${commandOf(facts)} -n ${facts.inventory.argocd.namespace} patch configmap ${configMap} --type merge -p '${JSON.stringify({ data })}'`;
}

function versionOf({ controller }: ArgoCdFacts): [number, number] | undefined {
  const image = controller.ok ? controller.value?.image : undefined;
  const [, major, minor] = /:v?(\d+)\.(\d+)\.\d+[\w.+-]*(?:@|$)/.exec(image ?? "") ?? [];
  return major === undefined || minor === undefined ? undefined : [Number(major), Number(minor)];
}

function checkVersion(at: At, argocd: ArgoCdFacts): Diagnosis {
  const { controller } = argocd;
  const untold = "Its version is not known";
  if (!controller.ok) return at.unknown("argocd-version", `${untold}: ${plain(controller.problem)}`);
  if (!controller.value)
    return at.unknown(
      "argocd-version",
      `${untold}: no Deployment is called argocd-applicationset-controller`,
      `All tests run on Argo CD ${TESTED}: compare with argocd version.`,
    );
  const version = versionOf(argocd);
  if (!version)
    return at.unknown(
      "argocd-version",
      `${untold}: the image ${plain(controller.value.image)} does not tell it`,
      `All tests run on Argo CD ${TESTED}: compare with argocd version.`,
    );
  const [major, minor] = version;
  const told = `${major}.${minor}`;
  if (major < IMPERSONATES_SINCE[0] || (major === IMPERSONATES_SINCE[0] && minor < IMPERSONATES_SINCE[1]))
    return at.fail(
      "argocd-version",
      `Argo CD ${told} cannot sync as somebody else: manifests would have all of its rights`,
      `Upgrade it to ${TESTED}.`,
    );
  return told === TESTED
    ? at.ok("argocd-version", `It is of ${told}`)
    : at.warn(
        "argocd-version",
        `Argo CD ${told} was never tested with previews; ${TESTED} was`,
        `Try a preview by hand before people rely on it, or run ${TESTED}.`,
      );
}

function checkImpersonation(at: At, facts: ClustersFacts): Diagnosis {
  const { config } = facts.argocd;
  if (!config.ok) return at.unknown("argocd-impersonation", `argocd-cm could not be read: ${plain(config.problem)}`);
  const key = "application.sync.impersonation.enabled";
  // As Argo CD reads it: everything else is no.
  return config.value?.[key] === "true"
    ? at.ok("argocd-impersonation", "It syncs each preview as the preview's own ServiceAccount")
    : at.fail(
        "argocd-impersonation",
        "It syncs previews with all of its own rights: what a pull request's manifests may do is held by the AppProject alone",
        "Switch impersonation on (it counts for all projects: others need destinationServiceAccounts, too):",
        patchCommand(facts, "argocd-cm", { [key]: "true" }),
      );
}

function checkTracking(at: At, facts: ClustersFacts): Diagnosis {
  const { config } = facts.argocd;
  if (!config.ok) return at.unknown("argocd-tracking", `argocd-cm could not be read: ${plain(config.problem)}`);
  const key = "application.resourceTrackingMethod";
  const fix = "Track by annotation (your other Applications are synced anew):";
  const command = patchCommand(facts, "argocd-cm", { [key]: "annotation" });
  const method = config.value?.[key] ?? "";
  if (method === "annotation" || method === "annotation+label")
    return at.ok("argocd-tracking", `It tracks objects by ${method}`);
  const version = versionOf(facts.argocd);
  // Version 3 made it the default.
  if (method === "" && version !== undefined && version[0] >= 3)
    return at.ok("argocd-tracking", "It tracks objects by annotation");
  if (method === "" && version === undefined)
    return at.unknown(
      "argocd-tracking",
      "argocd-cm does not say how objects are tracked, and versions differ in what that means",
      fix,
    );
  return at.fail(
    "argocd-tracking",
    `It tracks objects by ${method === "" ? "label" : plain(method)}: a label that a manifest's author wrote decides whose an object is`,
    fix,
    command,
  );
}

/** Of the controller's flags; they win over the ConfigMap. */
function flagIn(args: readonly string[], name: string): string | undefined {
  const at = args.findLastIndex((arg) => arg === name || arg.startsWith(`${name}=`));
  const arg = args[at];
  return arg === undefined ? undefined : arg.includes("=") ? arg.slice(name.length + 1) : args[at + 1];
}

function checkSetPolicy(at: At, facts: ClustersFacts): Diagnosis {
  const { parameters, controller } = facts.argocd;
  if (!parameters.ok)
    return at.unknown("argocd-policy", `argocd-cmd-params-cm could not be read: ${plain(parameters.problem)}`);
  const args = controller.ok ? controller.value?.args : undefined;
  const flag = args && flagIn(args, "--policy");
  const policy = flag ?? parameters.value?.["applicationsetcontroller.policy"] ?? "";
  const overriding =
    args?.includes("--enable-policy-override") === true ||
    (args !== undefined && flagIn(args, "--enable-policy-override") === "true") ||
    parameters.value?.["applicationsetcontroller.enable.policy.override"] === "true";
  if (policy !== "" && policy !== "sync" && !overriding)
    return at.fail(
      "argocd-policy",
      policy === "create-delete"
        ? "ApplicationSets only create and delete (policy create-delete): a push would not reach its preview"
        : `ApplicationSets delete nothing (policy ${plain(policy)}): a closed pull request would leave all that it made`,
      flag === undefined
        ? "Set the policy, and restart argocd-applicationset-controller:"
        : "Take --policy from the arguments of the Deployment argocd-applicationset-controller, and set it here:",
      patchCommand(facts, "argocd-cmd-params-cm", { "applicationsetcontroller.policy": "sync" }),
    );
  if (args === undefined)
    return at.unknown(
      "argocd-policy",
      `argocd-cmd-params-cm has nothing against it, but the arguments of the ApplicationSet controller could not be read${whyNot(controller)}`,
      "Look for --policy there: it has to be sync, or nothing.",
    );
  return at.ok("argocd-policy", "ApplicationSets make, change and delete what is theirs");
}

function whyNot(controller: Asked<unknown>): string {
  return controller.ok
    ? ": no Deployment is called argocd-applicationset-controller"
    : `: ${plain(controller.problem)}`;
}

/** That Argo CD knows each cluster by the name that the inventory gives it. */
function checkKnown({ inventory, argocd }: ClustersFacts): Diagnosis[] {
  return inventory.clusters.map(({ name }) => {
    const at = findingsAt(`cluster ${plain(name)}`);
    const { known, config } = argocd;
    const seen = known.ok ? known.value.get(name) : undefined;
    if (seen === true) return at.ok("argocd-cluster", "Argo CD knows it by this name: previews are synced there");
    if (seen === false)
      return at.fail(
        "argocd-cluster",
        `Argo CD knows no cluster that is called ${plain(name)}`,
        "Give it the name that argocd cluster list shows, in HMS_CLUSTERS, or add it: argocd cluster add",
      );
    // It needs no Secret for the one that it runs in.
    if (name === "in-cluster" && config.ok && config.value && config.value["cluster.inClusterEnabled"] !== "false")
      return at.ok("argocd-cluster", "Argo CD knows the cluster that it runs in by this name");
    const why = known.ok ? "no preview has been synced there yet" : plain(known.problem);
    return at.unknown(
      "argocd-cluster",
      `Whether Argo CD knows it by this name cannot be told: HMS-SYS reads no Secrets, and ${why}`,
      "Look for the name in argocd cluster list, or open a pull request: its preview tells.",
    );
  });
}
