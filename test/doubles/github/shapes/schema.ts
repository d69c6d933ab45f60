import type { components } from "@octokit/openapi-types";

/** A body as GitHub's OpenAPI description has it. */
export type Schema<Name extends keyof components["schemas"]> = components["schemas"][Name];

/** GitHub's time stamps have no fractions of a second. */
export function timestamp(date: Date): string {
  return date.toISOString().replace(/\.\d{3}Z$/, "Z");
}

export function optionalTimestamp(date: Date | null | undefined): string | null {
  return date ? timestamp(date) : null;
}

export function nodeId(kind: string, id: number | string): string {
  return Buffer.from(`${kind.length}:${kind}${id}`).toString("base64");
}
