import { randomUUID } from "node:crypto";
import type { Stored } from "./fields.ts";
import type { Target } from "./request-path.ts";
import { apiVersionOf } from "./resources.ts";
import { fieldSelector, labelSelector, type Test } from "./selectors.ts";
import { badRequest, expired } from "./status.ts";
import type { Store } from "./store.ts";

export function selectionOf(query: URLSearchParams): Test {
  const labels = query.get("labelSelector");
  const fields = query.get("fieldSelector");
  const tests = [...(labels ? [labelSelector(labels)] : []), ...(fields ? [fieldSelector(fields)] : [])];
  return (object) => tests.every((test) => test(object));
}

const KEPT_PAGES = 500;

/** Lists in pages: all pages of a list show one moment, until it is forgotten. https://kubernetes.io/docs/reference/using-api/api-concepts/#retrieving-large-results-sets-in-chunks */
export class Lists {
  readonly #store: Store;
  readonly #rest = new Map<string, { items: Stored[]; version: string }>();

  constructor(store: Store) {
    this.#store = store;
  }

  /** All pages that were begun are too old from now on. */
  forget(): void {
    this.#rest.clear();
  }

  list({ resource, namespace, name }: Target, query: URLSearchParams): object {
    const token = query.get("continue");
    const begun = token ? this.#rest.get(token) : undefined;
    if (token && !begun)
      throw expired(
        "The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter.",
      );
    const limit = Number(query.get("limit") ?? 0);
    if (!(limit >= 0)) throw badRequest(`invalid limit ${query.get("limit")}`);
    const selected = selectionOf(query);
    const items =
      begun?.items ??
      this.#store
        .list(resource, resource.namespaced && namespace ? namespace : undefined)
        .filter((object) => (!name || object.metadata.name === name) && selected(object));
    const version = begun?.version ?? this.#store.version;
    const page = limit > 0 ? items.slice(0, limit) : items;
    const rest = items.slice(page.length);
    const metadata: Record<string, unknown> = { resourceVersion: version };
    if (rest.length > 0) {
      metadata.continue = this.#keep({ items: rest, version });
      if (!query.get("labelSelector") && !query.get("fieldSelector")) metadata.remainingItemCount = rest.length;
    }
    return {
      kind: `${resource.kind}List`,
      apiVersion: apiVersionOf(resource),
      metadata,
      // As the API server does, whose lists name the kind of their items once; those of custom resources say it each time.
      items: page.map((item) => (resource.custom ? item : withoutKind(item))),
    };
  }

  #keep(rest: { items: Stored[]; version: string }): string {
    const token = Buffer.from(randomUUID()).toString("base64url");
    this.#rest.set(token, rest);
    const [oldest] = this.#rest.keys();
    if (this.#rest.size > KEPT_PAGES && oldest) this.#rest.delete(oldest);
    return token;
  }
}

function withoutKind({ apiVersion: _, kind: __, ...rest }: Stored): object {
  return rest;
}
