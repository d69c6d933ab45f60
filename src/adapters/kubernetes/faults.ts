import { ClusterError, type ClusterFault } from "../../ports/cluster.ts";

/** What the API server answers instead of an object: https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/status/ */
export interface Status {
  message: string;
  /** `NotFound`, `Conflict`, `Invalid` … */
  reason: string;
  /** Of the object that it is about; the kind is a plural. */
  name?: string | undefined;
  kind?: string | undefined;
  causes: { reason: string; message: string; field: string }[];
}

const MAX_MESSAGE = 1_000;

/** Of whichever authorizer: `User "x" cannot list resource …`, and RBAC's against giving away rights that one lacks. */
const RIGHTS_MISSING = /\bUser "[^"]*" cannot |is attempting to grant RBAC permissions not currently held/;
/** Of policies and of webhooks. */
const POLICY_DENIED = /\bdenied (?:the )?request\b/;
/** The API server says 500 of an applied object that does not fit its kind's schema. */
const MISSHAPEN = /^failed to (?:create typed patch object|convert new object) \(/;

/** Undefined where the body is no Status: a proxy's, or the path is unknown to the API server. */
export function statusIn(body: unknown): Status | undefined {
  if (!isRecord(body) || body.kind !== "Status" || body.apiVersion !== "v1") return undefined;
  const details = isRecord(body.details) ? body.details : {};
  return {
    message: text(body.message),
    reason: text(body.reason),
    name: text(details.name) || undefined,
    kind: text(details.kind) || undefined,
    causes: (Array.isArray(details.causes) ? details.causes : [])
      .filter(isRecord)
      .map(({ reason, message, field }) => ({ reason: text(reason), message: text(message), field: text(field) })),
  };
}

/** An answer that is no success, sorted by what can be done about it. */
export function toClusterError(cluster: string, http: number, status: Status | undefined): ClusterError {
  const fault = faultOf(http, status);
  const said = (status && messageOf(status)) || `HTTP ${http}`;
  const message =
    fault === "unavailable"
      ? `The cluster ${cluster} could not do it: ${said}`
      : fault === "no-such-kind"
        ? `The API of the cluster ${cluster} does not know the kind (${said})`
        : said;
  return new ClusterError(cluster, fault, http, message.slice(0, MAX_MESSAGE));
}

function faultOf(http: number, status: Status | undefined): ClusterFault {
  if (http === 401) return "forbidden";
  if (http === 403) return status === undefined ? "forbidden" : faultOfRefusal(status);
  // Of a namespace that is not there the Status names the namespace; of an unknown kind it names nothing.
  if (http === 404) return status?.reason === "NotFound" && status.name !== undefined ? "conflict" : "no-such-kind";
  if (http === 409) return "conflict";
  if ([400, 405, 406, 413, 415, 422].includes(http)) return "refused";
  if (http === 500 && MISSHAPEN.test(status?.message ?? "")) return "refused";
  return "unavailable";
}

function faultOfRefusal({ message, causes }: Status): ClusterFault {
  if (causes.some(({ reason }) => reason === "NamespaceTerminating")) return "conflict";
  if (POLICY_DENIED.test(message)) return "refused";
  return RIGHTS_MISSING.test(message) ? "forbidden" : "refused";
}

/** With who owns what where the API server says so only in the details. */
function messageOf({ message, causes }: Status): string {
  const untold = causes.filter((cause) => cause.field !== "" && !message.includes(cause.field));
  return [message, ...untold.map((cause) => `${cause.field}: ${cause.message}`)].join("; ");
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}
