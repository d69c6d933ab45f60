/** A kind of object that the API serves. */
export interface Resource {
  group: string;
  version: string;
  plural: string;
  singular: string;
  kind: string;
  namespaced: boolean;
  /** Whether `metadata.generation` counts changes of what is wanted. */
  generation: boolean;
  /** Whether `status` has an address of its own, and is left alone by everything else. */
  status: boolean;
  scale: boolean;
  /** Comes from a CustomResourceDefinition: lists are atomic, unknown fields are kept. */
  custom: boolean;
}

/** `+`: of no namespace, `g`: counts generations, `s`: has a status of its own, `c`: has a scale. */
const BUILT_IN = `
v1 Namespace namespaces +s
v1 Node nodes +s
v1 PersistentVolume persistentvolumes +s
v1 ConfigMap configmaps
v1 Secret secrets
v1 Service services s
v1 ServiceAccount serviceaccounts
v1 Pod pods gs
v1 Event events
v1 Endpoints endpoints
v1 PersistentVolumeClaim persistentvolumeclaims s
v1 ResourceQuota resourcequotas s
v1 LimitRange limitranges
v1 ReplicationController replicationcontrollers gsc
v1 PodTemplate podtemplates g
apps/v1 Deployment deployments gsc
apps/v1 StatefulSet statefulsets gsc
apps/v1 ReplicaSet replicasets gsc
apps/v1 DaemonSet daemonsets gs
apps/v1 ControllerRevision controllerrevisions
batch/v1 Job jobs gs
batch/v1 CronJob cronjobs gs
networking.k8s.io/v1 NetworkPolicy networkpolicies g
networking.k8s.io/v1 Ingress ingresses gs
networking.k8s.io/v1 IngressClass ingressclasses +g
rbac.authorization.k8s.io/v1 Role roles
rbac.authorization.k8s.io/v1 RoleBinding rolebindings
rbac.authorization.k8s.io/v1 ClusterRole clusterroles +
rbac.authorization.k8s.io/v1 ClusterRoleBinding clusterrolebindings +
policy/v1 PodDisruptionBudget poddisruptionbudgets gs
autoscaling/v2 HorizontalPodAutoscaler horizontalpodautoscalers s
coordination.k8s.io/v1 Lease leases
discovery.k8s.io/v1 EndpointSlice endpointslices g
scheduling.k8s.io/v1 PriorityClass priorityclasses +g
storage.k8s.io/v1 StorageClass storageclasses +
admissionregistration.k8s.io/v1 ValidatingAdmissionPolicy validatingadmissionpolicies +gs
admissionregistration.k8s.io/v1 ValidatingAdmissionPolicyBinding validatingadmissionpolicybindings +g
admissionregistration.k8s.io/v1 ValidatingWebhookConfiguration validatingwebhookconfigurations +g
admissionregistration.k8s.io/v1 MutatingWebhookConfiguration mutatingwebhookconfigurations +g
apiextensions.k8s.io/v1 CustomResourceDefinition customresourcedefinitions +gs
`;

function builtIn(line: string): Resource {
  const [apiVersion = "", kind = "", plural = "", flags = ""] = line.split(" ");
  const [group, version] = apiVersion.includes("/") ? apiVersion.split("/") : ["", apiVersion];
  return {
    group: group ?? "",
    version: version ?? "",
    kind,
    plural,
    singular: kind.toLowerCase(),
    namespaced: !flags.includes("+"),
    generation: flags.includes("g"),
    status: flags.includes("s"),
    scale: flags.includes("c"),
    custom: false,
  };
}

export function apiVersionOf({ group, version }: Pick<Resource, "group" | "version">): string {
  return group ? `${group}/${version}` : version;
}

/** `deployments.apps`, as Status messages and CRDs name it. */
export function groupResource({ group, plural }: Pick<Resource, "group" | "plural">): string {
  return group ? `${plural}.${group}` : plural;
}

/** All kinds that are served at this moment. */
export class Resources {
  readonly #byPath = new Map<string, Resource>();
  readonly #byKind = new Map<string, Resource>();

  constructor() {
    for (const line of BUILT_IN.trim().split("\n")) this.add(builtIn(line));
  }

  add(resource: Resource): void {
    this.#byPath.set(`${apiVersionOf(resource)}/${resource.plural}`, resource);
    this.#byKind.set(`${apiVersionOf(resource)}/${resource.kind}`, resource);
  }

  remove(resource: Resource): void {
    this.#byPath.delete(`${apiVersionOf(resource)}/${resource.plural}`);
    this.#byKind.delete(`${apiVersionOf(resource)}/${resource.kind}`);
  }

  at(apiVersion: string, plural: string): Resource | undefined {
    return this.#byPath.get(`${apiVersion}/${plural}`);
  }

  ofKind(apiVersion: string, kind: string): Resource | undefined {
    return this.#byKind.get(`${apiVersion}/${kind}`);
  }

  /** One of a built-in kind: it is always there. */
  builtIn(plural: string): Resource {
    const found = this.all().find((resource) => resource.plural === plural && !resource.custom);
    if (!found) throw new Error(`no built-in kind is called ${plural}`);
    return found;
  }

  all(): Resource[] {
    return [...this.#byPath.values()];
  }
}
