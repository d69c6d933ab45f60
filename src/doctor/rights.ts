import type { RoleRule } from "../config/shipped-manifests.ts";

/** One question to an API server: may we do this? */
export interface Access {
  verb: string;
  group: string;
  resource: string;
  namespace?: string;
  name?: string;
}

/** Each right of the rules by itself, in a namespace or everywhere. */
export function rightsOf(rules: readonly RoleRule[], namespace?: string): Access[] {
  return rules.flatMap(({ apiGroups, resources, verbs, resourceNames }) =>
    apiGroups.flatMap((group) =>
      resources.flatMap((resource) =>
        verbs.flatMap((verb) =>
          (resourceNames.length === 0 ? [undefined] : resourceNames).map((name) => ({
            verb,
            group,
            resource,
            ...(namespace === undefined ? {} : { namespace }),
            ...(name === undefined ? {} : { name }),
          })),
        ),
      ),
    ),
  );
}

/** The whole cluster. Whoever has it has all the others too. */
export const EVERYTHING: Access = { verb: "*", group: "*", resource: "*" };

const RBAC = "rbac.authorization.k8s.io";
const ADMISSION = "admissionregistration.k8s.io";

/** Rights that nothing of HMS-SYS uses, and by which a stolen token would get out of the previews or past what holds them. */
export function excessiveRights(argocd: string | undefined): Access[] {
  const anywhere: Access[] = [
    { verb: "get", group: "", resource: "secrets" },
    { verb: "list", group: "", resource: "secrets" },
    { verb: "create", group: "", resource: "pods" },
    { verb: "create", group: "", resource: "pods/exec" },
    { verb: "create", group: "apps", resource: "deployments" },
    { verb: "create", group: "", resource: "serviceaccounts/token" },
    { verb: "impersonate", group: "", resource: "users" },
    { verb: "impersonate", group: "", resource: "serviceaccounts" },
    { verb: "bind", group: RBAC, resource: "clusterroles" },
    { verb: "escalate", group: RBAC, resource: "clusterroles" },
    { verb: "create", group: RBAC, resource: "clusterrolebindings" },
    { verb: "patch", group: ADMISSION, resource: "validatingadmissionpolicies" },
    { verb: "delete", group: ADMISSION, resource: "validatingadmissionpolicybindings" },
  ];
  if (argocd === undefined) return anywhere;
  return [
    ...anywhere,
    { verb: "get", group: "", resource: "secrets", namespace: argocd },
    { verb: "list", group: "", resource: "secrets", namespace: argocd },
    { verb: "patch", group: "", resource: "configmaps", namespace: argocd },
    { verb: "create", group: "argoproj.io", resource: "applications", namespace: argocd },
  ];
}

/** `create, patch secrets hms-pull`, one for each resource, in the order in which they came. */
export function rightsInWords(rights: readonly Access[]): string[] {
  const byPlace = new Map<string, string[]>();
  for (const { verb, group, resource, namespace, name } of rights) {
    const kind = group === "" || group === "*" ? resource : `${resource}.${group}`;
    const place = `${kind}${name === undefined ? "" : ` ${name}`}${namespace === undefined ? "" : ` in ${namespace}`}`;
    byPlace.set(place, [...(byPlace.get(place) ?? []), verb]);
  }
  return [...byPlace].map(([place, verbs]) => `${verbs.join(", ")} ${place}`);
}
