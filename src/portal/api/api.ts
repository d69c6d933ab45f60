import type { Route } from "../route.ts";
import type { ViewDeps } from "../views/deps.ts";
import { complianceOperations } from "./compliance.ts";
import { decisionOperations } from "./decisions.ts";
import { findingOperations } from "./findings.ts";
import { ledgerOperations } from "./ledger.ts";
import { type ApiInfo, openApiDocument } from "./openapi.ts";
import { type Operation, routeOf } from "./operation.ts";
import { previewOperations } from "./previews.ts";
import { pullOperations } from "./pulls.ts";
import type { TailLimits } from "./tail.ts";
import { viewerOperations } from "./viewer.ts";

export interface ApiParts extends ApiInfo {
  views: ViewDeps;
  tail?: TailLimits;
}

/** Every operation below `/api/v1`. */
export function apiOperations({ views, tail }: Pick<ApiParts, "views" | "tail">): Operation[] {
  return [
    ...pullOperations(views),
    ...previewOperations(views),
    ...findingOperations(views),
    ...decisionOperations(views),
    ...ledgerOperations(views, tail),
    ...complianceOperations(views),
    ...viewerOperations(),
  ];
}

/** The API, and the description of all of it. */
export function apiRoutes(parts: ApiParts): Route[] {
  const operations = apiOperations(parts);
  const document = openApiDocument(operations, parts);
  return [
    ...operations.map(routeOf),
    {
      method: "GET",
      path: "/api/v1/openapi.json",
      access: "public",
      summary: "The description of the API.",
      handler: (context) => context.json(document, 200, { "cache-control": "max-age=300" }),
    },
  ];
}
