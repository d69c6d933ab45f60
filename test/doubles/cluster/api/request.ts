import type { User } from "./access.ts";
import type { Fields, Stored } from "./fields.ts";
import type { Target } from "./request-path.ts";

/** A request to the API, whoever carries it: a socket, or a controller of the same process. */
export interface ApiRequest {
  method: string;
  /** Without the query. */
  path: string;
  query: URLSearchParams;
  /** Media type of the body, without parameters. */
  contentType: string;
  /** Parsed JSON or YAML. */
  body: unknown;
  userAgent: string;
  user: User;
}

export interface ApiResponse {
  status: number;
  body: unknown;
}

/** A write that is about to be stored, as admission sees it. */
export interface Admission {
  operation: "CREATE" | "UPDATE" | "DELETE";
  target: Target;
  user: User;
  /** What is to be stored; absent at a deletion. Admission may change it at creation. */
  object: Stored | undefined;
  old: Stored | undefined;
}

export interface DeleteOptions extends Fields {
  preconditions?: { uid?: string; resourceVersion?: string };
  propagationPolicy?: string;
  orphanDependents?: boolean;
  gracePeriodSeconds?: number;
}
