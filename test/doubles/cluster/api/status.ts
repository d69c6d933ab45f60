import { groupResource, type Resource } from "./resources.ts";

export interface Cause {
  reason: string;
  message: string;
  field?: string;
}

export interface StatusDetails {
  name?: string;
  group?: string;
  kind?: string;
  uid?: string;
  causes?: Cause[];
  retryAfterSeconds?: number;
}

/** A refusal of the API: https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/status/ */
export class ApiStatus extends Error {
  readonly code: number;
  readonly reason: string;
  readonly details: StatusDetails | undefined;
  constructor(code: number, reason: string, message: string, details?: StatusDetails) {
    super(message);
    this.code = code;
    this.reason = reason;
    this.details = details;
  }

  body(): object {
    return {
      kind: "Status",
      apiVersion: "v1",
      metadata: {},
      status: "Failure",
      message: this.message,
      ...(this.reason && { reason: this.reason }),
      ...(this.details && { details: this.details }),
      code: this.code,
    };
  }
}

function detailsOf(resource: Resource, name: string, causes?: Cause[]): StatusDetails {
  return {
    ...(name && { name }),
    ...(resource.group && { group: resource.group }),
    kind: resource.plural,
    ...(causes && { causes }),
  };
}

export function notFound(resource: Resource, name: string): ApiStatus {
  return new ApiStatus(
    404,
    "NotFound",
    `${groupResource(resource)} ${JSON.stringify(name)} not found`,
    detailsOf(resource, name),
  );
}

export function alreadyExists(resource: Resource, name: string): ApiStatus {
  const message = `${groupResource(resource)} ${JSON.stringify(name)} already exists`;
  return new ApiStatus(409, "AlreadyExists", message, detailsOf(resource, name));
}

export function forbidden(resource: Resource, name: string, why: string, causes?: Cause[]): ApiStatus {
  const message = `${groupResource(resource)}${name ? ` ${JSON.stringify(name)}` : ""} is forbidden: ${why}`;
  return new ApiStatus(403, "Forbidden", message, detailsOf(resource, name, causes));
}

export function conflict(resource: Resource, name: string, why: string): ApiStatus {
  const message = `Operation cannot be fulfilled on ${groupResource(resource)} ${JSON.stringify(name)}: ${why}`;
  return new ApiStatus(409, "Conflict", message, detailsOf(resource, name));
}

export const MODIFIED =
  "the object has been modified; please apply your changes to the latest version and try again" as const;

/** 422: each cause names a field and what is wrong with it. */
export function invalid(resource: Resource, name: string, causes: Required<Cause>[]): ApiStatus {
  const errors = causes.map(({ field, message }) => `${field}: ${message}`);
  const list = errors.length === 1 ? errors[0] : `[${errors.join(", ")}]`;
  return new ApiStatus(422, "Invalid", `${kindName(resource)} ${JSON.stringify(name)} is invalid: ${list}`, {
    name,
    ...(resource.group && { group: resource.group }),
    kind: resource.kind,
    causes,
  });
}

function kindName({ group, kind }: Resource): string {
  return group ? `${kind}.${group}` : kind;
}

export function badRequest(message: string): ApiStatus {
  return new ApiStatus(400, "BadRequest", message);
}

export function expired(message: string): ApiStatus {
  return new ApiStatus(410, "Expired", message);
}

/** What stands where no API is: not even a Status, which is how clients tell a kind that is not there from an object that is not. */
export class NoSuchPath extends Error {}
