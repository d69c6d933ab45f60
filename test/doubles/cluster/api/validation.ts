import { at, isFields, type Stored, same } from "./fields.ts";
import type { Resource } from "./resources.ts";
import { type Cause, invalid } from "./status.ts";

const LABEL = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const LABEL_VALUE = /^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$/;
const LABEL_KEY = /^([a-z0-9]([-a-z0-9.]*[a-z0-9])?\/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;
const LABEL_WORDS =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const SUBDOMAIN_WORDS =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const VALUE_WORDS =
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";
/** Kinds whose names are one DNS label. */
const LABELLED = new Set(["namespaces", "services"]);
/** Kinds whose names are path segments: all but `/` and `%`. */
const FREE = new Set(["roles", "rolebindings", "clusterroles", "clusterrolebindings"]);

/** Names and labels as https://kubernetes.io/docs/concepts/overview/working-with-objects/names/ has them, and fields that cannot be changed. */
export function validate(resource: Resource, object: Stored, old: Stored | undefined): void {
  const causes = [
    ...nameCauses(resource, object.metadata.name),
    ...labelCauses(object.metadata.labels ?? {}),
    ...countCauses(resource, object),
    ...(old ? immutableCauses(resource, object, old) : requiredCauses(resource, object)),
  ];
  if (causes.length > 0) throw invalid(resource, object.metadata.name, causes);
}

function cause(field: string, value: unknown, words: string): Required<Cause> {
  return { reason: "FieldValueInvalid", message: `Invalid value: ${JSON.stringify(value)}: ${words}`, field };
}

function nameCauses(resource: Resource, name: string): Required<Cause>[] {
  if (FREE.has(resource.plural)) return /[/%]/.test(name) ? [cause("metadata.name", name, "may not contain '/'")] : [];
  const [pattern, words, most] = LABELLED.has(resource.plural)
    ? ([LABEL, LABEL_WORDS, 63] as const)
    : ([SUBDOMAIN, SUBDOMAIN_WORDS, 253] as const);
  return [
    ...(pattern.test(name) ? [] : [cause("metadata.name", name, words)]),
    ...(name.length <= most ? [] : [cause("metadata.name", name, `must be no more than ${most} characters`)]),
  ];
}

function labelCauses(labels: Record<string, unknown>): Required<Cause>[] {
  return Object.entries(labels).flatMap(([key, value]) => [
    ...(LABEL_KEY.test(key) ? [] : [cause("metadata.labels", key, "name part must be a valid label key")]),
    ...(typeof value === "string" && LABEL_VALUE.test(value) ? [] : [cause("metadata.labels", value, VALUE_WORDS)]),
    ...(String(value).length <= 63 ? [] : [cause("metadata.labels", value, "must be no more than 63 characters")]),
  ]);
}

/** Numbers that count something. */
function countCauses({ custom }: Resource, object: Stored): Required<Cause>[] {
  if (custom) return [];
  return ["replicas", "parallelism", "completions", "backoffLimit", "minReadySeconds"].flatMap((field) => {
    const value = at(object, "spec", field);
    const words = "must be greater than or equal to 0";
    return typeof value === "number" && value < 0 ? [cause(`spec.${field}`, value, words)] : [];
  });
}

/** Fields without which nothing of the kind can be. */
const REQUIRED: Record<string, string[]> = {
  deployments: ["spec.selector", "spec.template"],
  statefulsets: ["spec.selector", "spec.template"],
  replicasets: ["spec.selector"],
  jobs: ["spec.template"],
  cronjobs: ["spec.schedule", "spec.jobTemplate"],
  pods: ["spec.containers"],
  rolebindings: ["roleRef"],
  clusterrolebindings: ["roleRef"],
};

function requiredCauses({ plural, custom }: Resource, object: Stored): Required<Cause>[] {
  const fields = custom ? [] : (REQUIRED[plural] ?? []);
  const missing = fields.filter((field) => at(object, ...field.split(".")) === undefined);
  const causes = missing.map((field) => ({ reason: "FieldValueRequired", message: "Required value", field }));
  return plural.endsWith("sets") || plural === "deployments" ? [...causes, ...selectorCauses(object)] : causes;
}

function selectorCauses(object: Stored): Required<Cause>[] {
  const wanted = at(object, "spec", "selector", "matchLabels");
  const labels = at(object, "spec", "template", "metadata", "labels");
  if (!isFields(wanted) || !isFields(labels)) return [];
  if (Object.entries(wanted).every(([name, value]) => labels[name] === value)) return [];
  return [cause("spec.template.metadata.labels", labels, "`selector` does not match template `labels`")];
}

const IMMUTABLE: Record<string, string[]> = {
  deployments: ["spec.selector"],
  replicasets: ["spec.selector"],
  statefulsets: ["spec.selector", "spec.serviceName", "spec.volumeClaimTemplates"],
  jobs: ["spec.selector", "spec.template"],
  rolebindings: ["roleRef"],
  clusterrolebindings: ["roleRef"],
  secrets: ["type"],
  persistentvolumeclaims: ["spec.storageClassName", "spec.accessModes"],
};

function immutableCauses({ plural, custom }: Resource, object: Stored, old: Stored): Required<Cause>[] {
  const fields = custom ? [] : (IMMUTABLE[plural] ?? []);
  return [
    ...fields
      .filter((field) => !same(at(object, ...field.split(".")), at(old, ...field.split("."))))
      .map((field) =>
        cause(
          field,
          at(object, ...field.split(".")),
          field === "roleRef" ? "cannot change roleRef" : "field is immutable",
        ),
      ),
    ...immutableData(plural, object, old),
  ];
}

/** https://kubernetes.io/docs/concepts/configuration/configmap/#configmap-immutable */
function immutableData(plural: string, object: Stored, old: Stored): Required<Cause>[] {
  if (!["configmaps", "secrets"].includes(plural) || old.immutable !== true) return [];
  if (same(object.data, old.data) && object.immutable === true) return [];
  return [
    { reason: "FieldValueForbidden", message: "Forbidden: field is immutable when `immutable` is set", field: "data" },
  ];
}

/** What the API server fills in where the writer says nothing. */
export function withDefaults(resource: Resource, object: Stored): Stored {
  if (resource.custom) return object;
  switch (resource.plural) {
    case "namespaces": {
      const labels = { ...object.metadata.labels, "kubernetes.io/metadata.name": object.metadata.name };
      const spec = { finalizers: ["kubernetes"], ...(isFields(object.spec) ? object.spec : {}) };
      return {
        ...object,
        metadata: { ...object.metadata, labels },
        spec,
        status: object.status ?? { phase: "Active" },
      };
    }
    case "secrets":
      return { type: "Opaque", ...object, ...encoded(object) };
    case "deployments":
    case "statefulsets":
    case "replicasets":
      return withSpec({ replicas: 1 }, object);
    case "jobs":
      return withSpec({ parallelism: 1, completions: 1, backoffLimit: 6, suspend: false }, object);
    case "cronjobs":
      return withSpec({ suspend: false, concurrencyPolicy: "Allow" }, object);
    case "services":
      return withSpec({ type: "ClusterIP" }, object);
    case "pods":
      return { ...object, status: object.status ?? { phase: "Pending" } };
    case "persistentvolumeclaims":
      return { ...object, status: object.status ?? { phase: "Pending" } };
    default:
      return object;
  }
}

function withSpec(defaults: Record<string, unknown>, object: Stored): Stored {
  return { ...object, spec: { ...defaults, ...(isFields(object.spec) ? object.spec : {}) } };
}

/** `stringData` is for writing only. */
function encoded(object: Stored): { data?: unknown; stringData?: undefined } {
  if (!isFields(object.stringData)) return {};
  const written = Object.entries(object.stringData).map(([name, value]) => [
    name,
    Buffer.from(String(value)).toString("base64"),
  ]);
  const data = { ...(isFields(object.data) ? object.data : {}), ...Object.fromEntries(written) };
  return { data, stringData: undefined };
}
