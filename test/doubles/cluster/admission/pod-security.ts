import type { Api } from "../api/api.ts";
import { at, fieldsOf, listOf, numberAt, type Stored, textAt } from "../api/fields.ts";
import type { Admission } from "../api/request.ts";
import { forbidden } from "../api/status.ts";

const ENFORCE = "pod-security.kubernetes.io/enforce";

interface Offence {
  /** `hostPath volumes` */
  what: string;
  why: string;
}

/** Pods as the level of their namespace has them: https://kubernetes.io/docs/concepts/security/pod-security-standards/, without sysctls, SELinux, AppArmor and procMount. */
export function podSecurity(api: Api): (request: Admission) => void {
  return ({ operation, target: { resource, namespace, subresource }, object }) => {
    if (operation !== "CREATE" || resource.plural !== "pods" || resource.custom || subresource || !object) return;
    const labels = api.store.get(api.resources.builtIn("namespaces"), "", namespace)?.metadata.labels ?? {};
    const level = labels[ENFORCE] ?? "privileged";
    const offences =
      level === "privileged" ? [] : [...baseline(object), ...(level === "restricted" ? restricted(object) : [])];
    if (offences.length === 0) return;
    const version = labels[`${ENFORCE}-version`] ?? "latest";
    const list = offences.map(({ what, why }) => `${what} (${why})`).join(", ");
    throw forbidden(
      resource,
      object.metadata.name,
      `violates PodSecurity ${JSON.stringify(`${level}:${version}`)}: ${list}`,
    );
  };
}

function containersOf(pod: Stored): unknown[] {
  return ["initContainers", "containers", "ephemeralContainers"].flatMap((field) => listOf(at(pod, "spec", field)));
}

function naming(containers: unknown[], rest: string): string {
  const names = containers.map((container) => JSON.stringify(textAt(container, "name")));
  return `container${names.length > 1 ? "s" : ""} ${names.join(", ")} must ${rest}`;
}

function baseline(pod: Stored): Offence[] {
  const containers = containersOf(pod);
  const shares = ["hostNetwork", "hostPID", "hostIPC"].filter((field) => at(pod, "spec", field) === true);
  const hostPaths = listOf(at(pod, "spec", "volumes")).filter((volume) => at(volume, "hostPath") !== undefined);
  const privileged = containers.filter((container) => at(container, "securityContext", "privileged") === true);
  const ports = containers.filter((container) =>
    listOf(at(container, "ports")).some((port) => numberAt(port, "hostPort")),
  );
  const adding = containers.filter((container) =>
    listOf(at(container, "securityContext", "capabilities", "add")).some((name) => !SAFE.has(String(name))),
  );
  return [
    ...(shares.length > 0 ? [{ what: "host namespaces", why: shares.map((field) => `${field}=true`).join(", ") }] : []),
    ...(hostPaths.length > 0
      ? [
          {
            what: "hostPath volumes",
            why: `volume${hostPaths.length > 1 ? "s" : ""} ${hostPaths.map((volume) => JSON.stringify(textAt(volume, "name"))).join(", ")}`,
          },
        ]
      : []),
    ...(privileged.length > 0
      ? [{ what: "privileged", why: naming(privileged, "not set securityContext.privileged=true") }]
      : []),
    ...(ports.length > 0 ? [{ what: "hostPort", why: naming(ports, "not use hostPort") }] : []),
    ...(adding.length > 0
      ? [
          {
            what: "non-default capabilities",
            why: naming(adding, "not include others in securityContext.capabilities.add"),
          },
        ]
      : []),
  ];
}

const SAFE = new Set(
  "AUDIT_WRITE CHOWN DAC_OVERRIDE FOWNER FSETID KILL MKNOD NET_BIND_SERVICE SETFCAP SETGID SETPCAP SETUID SYS_CHROOT".split(
    " ",
  ),
);
const VOLUMES = new Set([
  "name",
  "configMap",
  "csi",
  "downwardAPI",
  "emptyDir",
  "ephemeral",
  "image",
  "persistentVolumeClaim",
  "projected",
  "secret",
]);

function restricted(pod: Stored): Offence[] {
  const containers = containersOf(pod);
  const own = (container: unknown, ...path: string[]) => at(container, "securityContext", ...path);
  const ofPod = (...path: string[]) => at(pod, "spec", "securityContext", ...path);
  const escalating = containers.filter((container) => own(container, "allowPrivilegeEscalation") !== false);
  const keeping = containers.filter((container) => !listOf(own(container, "capabilities", "drop")).includes("ALL"));
  const volumes = listOf(at(pod, "spec", "volumes")).filter((volume) =>
    Object.keys(fieldsOf(volume)).some((field) => !VOLUMES.has(field)),
  );
  const roots = containers.filter(
    (container) =>
      own(container, "runAsNonRoot") !== true &&
      (own(container, "runAsNonRoot") === false || ofPod("runAsNonRoot") !== true),
  );
  const zero = containers.filter((container) => own(container, "runAsUser") === 0);
  const known = (value: unknown) => value === "RuntimeDefault" || value === "Localhost";
  const unconfined = containers.filter(
    (container) => !known(own(container, "seccompProfile", "type") ?? ofPod("seccompProfile", "type")),
  );
  return [
    ...(escalating.length > 0
      ? [
          {
            what: "allowPrivilegeEscalation != false",
            why: naming(escalating, "set securityContext.allowPrivilegeEscalation=false"),
          },
        ]
      : []),
    ...(keeping.length > 0
      ? [{ what: "unrestricted capabilities", why: naming(keeping, 'set securityContext.capabilities.drop=["ALL"]') }]
      : []),
    ...(volumes.length > 0
      ? [
          {
            what: "restricted volume types",
            why: `volumes ${volumes.map((volume) => JSON.stringify(textAt(volume, "name"))).join(", ")}`,
          },
        ]
      : []),
    ...(roots.length > 0
      ? [
          {
            what: "runAsNonRoot != true",
            why: naming(roots, "set securityContext.runAsNonRoot=true").replace(/^containers? /, "pod or $&"),
          },
        ]
      : []),
    ...(zero.length > 0 ? [{ what: "runAsUser=0", why: naming(zero, "not set runAsUser=0") }] : []),
    ...(unconfined.length > 0
      ? [
          {
            what: "seccompProfile",
            why: naming(
              unconfined,
              'set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost"',
            ).replace(/^containers? /, "pod or $&"),
          },
        ]
      : []),
  ];
}
