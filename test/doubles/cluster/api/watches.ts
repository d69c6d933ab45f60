import type { Stored } from "./fields.ts";
import { selectionOf } from "./reads.ts";
import type { Target } from "./request-path.ts";
import { apiVersionOf } from "./resources.ts";
import type { Test } from "./selectors.ts";
import { expired } from "./status.ts";
import type { Change, Store } from "./store.ts";

export interface WatchEvent {
  type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK" | "ERROR";
  object: unknown;
}

interface Watcher {
  target: Target;
  selected: Test;
  bookmarks: boolean;
  send: (event: WatchEvent) => void;
  end: () => void;
}

const BOOKMARK_MS = 10_000;

/** https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes */
export class Watches {
  readonly #store: Store;
  readonly #watchers = new Set<Watcher>();
  readonly #stopListening: () => void;
  #bookmarks: NodeJS.Timeout | undefined;

  constructor(store: Store) {
    this.#store = store;
    this.#stopListening = store.listen((change) => {
      for (const watcher of this.#watchers) tell(watcher, change);
    });
  }

  get size(): number {
    return this.#watchers.size;
  }

  /** Follows a selection; rejects with 410 where the version to go on from is forgotten. The function that it returns ends the watch. */
  open(target: Target, query: URLSearchParams, send: (event: WatchEvent) => void, end: () => void): () => void {
    const from = query.get("resourceVersion") ?? "";
    const initial = query.get("sendInitialEvents") === "true";
    const watcher: Watcher = {
      target,
      selected: selectionOf(query),
      bookmarks: ["true", "1"].includes(query.get("allowWatchBookmarks") ?? ""),
      send,
      end,
    };
    if (initial || from === "" || from === "0") this.#sendAll(watcher, initial);
    else for (const change of this.#store.since(Number(from))) tell(watcher, change);
    this.#watchers.add(watcher);
    this.#bookmarks ??= setInterval(() => this.bookmark(), BOOKMARK_MS).unref();
    const timeoutSeconds = Number(query.get("timeoutSeconds") ?? 0);
    const timer = timeoutSeconds > 0 ? setTimeout(() => end(), timeoutSeconds * 1000).unref() : undefined;
    return () => {
      clearTimeout(timer);
      this.#watchers.delete(watcher);
    };
  }

  #sendAll(watcher: Watcher, marked: boolean): void {
    const { resource, namespace } = watcher.target;
    const objects = this.#store.list(resource, resource.namespaced && namespace ? namespace : undefined);
    for (const object of objects) if (isWatched(watcher, object)) watcher.send({ type: "ADDED", object });
    if (marked && watcher.bookmarks) this.#sendBookmark(watcher, { "k8s.io/initial-events-end": "true" });
  }

  /** Tells all who asked for it how far they have come. */
  bookmark(): void {
    for (const watcher of this.#watchers) if (watcher.bookmarks) this.#sendBookmark(watcher);
  }

  #sendBookmark({ target: { resource }, send }: Watcher, annotations?: Record<string, string>): void {
    const metadata = {
      resourceVersion: this.#store.version,
      creationTimestamp: null,
      ...(annotations && { annotations }),
    };
    send({ type: "BOOKMARK", object: { kind: resource.kind, apiVersion: apiVersionOf(resource), metadata } });
  }

  /** All that follow are told that they are too late, as after a compaction. */
  expire(): void {
    for (const { send, end } of [...this.#watchers]) {
      send({ type: "ERROR", object: expired("The resourceVersion for the provided watch is too old.").body() });
      end();
    }
  }

  /** Connections that end without a word. */
  cut(of: (target: Target) => boolean = () => true): void {
    for (const { target, end } of [...this.#watchers]) if (of(target)) end();
  }

  stop(): void {
    this.cut();
    clearInterval(this.#bookmarks);
    this.#stopListening();
  }
}

function isWatched({ target: { namespace, resource, name }, selected }: Watcher, object: Stored): boolean {
  const inPlace = !resource.namespaced || !namespace || object.metadata.namespace === namespace;
  return inPlace && (!name || object.metadata.name === name) && selected(object);
}

/** An object that leaves the selection is told of as deleted, one that enters it as added. */
function tell(watcher: Watcher, { type, resource, object, old }: Change): void {
  if (resource.plural !== watcher.target.resource.plural || resource.group !== watcher.target.resource.group) return;
  const is = type !== "DELETED" && isWatched(watcher, object);
  const was = old !== undefined && isWatched(watcher, old);
  if (is) watcher.send({ type: was ? "MODIFIED" : "ADDED", object });
  else if (was) {
    const { resourceVersion } = object.metadata;
    const last = { ...old, metadata: { ...old.metadata, ...(resourceVersion && { resourceVersion }) } };
    watcher.send({ type: "DELETED", object: last });
  }
}
