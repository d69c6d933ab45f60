/** One answer as it is kept for conditional requests: the data as text, since parsed it is several times as large. */
interface Kept {
  etag: string;
  json: string;
  link: string | undefined;
  bytes: number;
}

interface Remembered {
  etag: string;
  data: unknown;
  link: string | undefined;
}

/** What is asked again and again and may have changed. Commits, blobs and comparisons never change and can be large. */
const ROUTES = new Set([
  "GET /installation/repositories",
  "GET /repos/{owner}/{repo}/contents/{+path}",
  "GET /repos/{owner}/{repo}/pulls",
  "GET /repos/{owner}/{repo}/pulls/{pull_number}",
  "GET /repos/{owner}/{repo}/pulls/{pull_number}/reviews",
  "GET /repos/{owner}/{repo}/commits/{commit_sha}/pulls",
  "GET /orgs/{org}/teams/{team_slug}/members",
  "GET /repos/{owner}/{repo}/git/matching-refs/{ref}",
]);
/** Of these a third and more is other resources' addresses, and each pull request shows two whole repositories. */
const PRUNED =
  /^GET \/(?:installation\/repositories|repos\/\{owner\}\/\{repo\}\/(?:commits\/\{commit_sha\}\/)?pulls)(?:$|\/)/;
const REPOSITORY_KEYS = new Set(["id", "name", "full_name", "private", "owner", "default_branch", "fork", "archived"]);
const OVERHEAD_BYTES = 300;

/**
 * Answers by what was asked, least recently used first to go, bounded by their size: a page of pull requests is 2 MB as GitHub sends it. An
 * entity tag holds for one token, so an hour at most.
 */
export class EtagMemory {
  readonly #kept = new Map<string, Kept>();
  readonly #maxBytes: number;
  #bytes = 0;

  constructor(maxBytes = 64 * 1024 * 1024) {
    this.#maxBytes = maxBytes;
  }

  get bytes(): number {
    return this.#bytes;
  }

  keeps(route: string): boolean {
    return ROUTES.has(route);
  }

  /** What is passed on of an answer, the first time as well, so that a field that is left out is missing at once. */
  passedOn(route: string, data: unknown): unknown {
    return PRUNED.test(route) ? pruned(data) : data;
  }

  /** The entity tag to ask with; `answer` reads what stands for it, also when it was let go meanwhile. */
  recall(key: string): { etag: string; answer(): Omit<Remembered, "etag"> } | undefined {
    const kept = this.#kept.get(key);
    if (!kept) return undefined;
    this.#kept.delete(key);
    this.#kept.set(key, kept);
    return { etag: kept.etag, answer: () => ({ data: JSON.parse(kept.json), link: kept.link }) };
  }

  put(key: string, { etag, data, link }: Remembered): void {
    this.#drop(key);
    const json = JSON.stringify(data);
    // V8 keeps a text without characters beyond Latin-1 in a byte each.
    const width = /[^\0-\u00ff]/.test(json) ? 2 : 1;
    const bytes = json.length * width + key.length + OVERHEAD_BYTES;
    if (bytes > this.#maxBytes / 4) return;
    this.#kept.set(key, { etag, json, link, bytes });
    this.#bytes += bytes;
    while (this.#bytes > this.#maxBytes) this.#drop(String(this.#kept.keys().next().value));
  }

  forget(prefix: string): void {
    for (const key of this.#kept.keys()) if (key.startsWith(prefix)) this.#drop(key);
  }

  #drop(key: string): void {
    const kept = this.#kept.get(key);
    if (!kept) return;
    this.#bytes -= kept.bytes;
    this.#kept.delete(key);
  }
}

/** Without links, and repositories within as what tells them apart. */
function pruned(value: unknown, within = ""): unknown {
  if (Array.isArray(value)) return value.map((one) => pruned(one, within));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, inner]) => {
      if (key === "_links" || key === "node_id" || (key.endsWith("url") && key !== "html_url")) return [];
      if (within === "repo" && !REPOSITORY_KEYS.has(key)) return [];
      return [[key, pruned(inner, key)]];
    }),
  );
}
