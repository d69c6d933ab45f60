import { describe, expect, test } from "vitest";
import { mergeConfig } from "../../../src/config/merge.ts";
import type { PreviewConfig } from "../../../src/config/preview.ts";
import type { PreviewRecord } from "../../../src/model/preview.ts";
import type { ChangedFile, PullRequest } from "../../../src/model/pull-request.ts";
import { storageKey } from "../../../src/model/storage-key.ts";
import type { RepositoryApi } from "../../../src/ports/github.ts";
import { readPreview } from "../../../src/pull-request/preview/preview-fact.ts";
import { recordsInMemory } from "../records-in-memory.ts";
import { SNAPSHOT } from "../snapshot.ts";

const { pull, repository } = SNAPSHOT;

function config(change: { required?: boolean; paths?: string[] } = {}): PreviewConfig | undefined {
  const { required = true, paths = [] } = change;
  const components = [{ name: "web", path: "deploy" }];
  const merged = mergeConfig(undefined, { version: 1, preview: { components, required, when: { paths } } });
  return merged.ok ? merged.config.preview : undefined;
}

async function read(
  record: Partial<PreviewRecord> | undefined,
  options: {
    config?: PreviewConfig | undefined;
    healthyBefore?: boolean;
    files?: string[];
    complete?: boolean;
    now?: Partial<PullRequest>;
  } = {},
) {
  const records = recordsInMemory();
  const key = storageKey.preview(1, repository.id, pull.number);
  if (record) await records.put(key, { state: "healthy", sha: pull.headSha, reasons: [], ...record });
  const files = (options.files ?? []).map((path) => ({ path }) as ChangedFile);
  const api = {
    ref: repository,
    pullFiles: async () => ({ files, complete: options.complete ?? true }),
    pull: async () => ({ ...pull, ...options.now }),
  } as unknown as RepositoryApi;
  const asked = "config" in options ? options.config : config();
  return readPreview({ api, records, installationId: 1 }, pull, asked, options.healthyBefore ?? false);
}

describe("what the policy is told of a preview", () => {
  test.each([
    ["healthy", {}, { state: "healthy", was_healthy: true }],
    ["of an earlier commit", { sha: "b".repeat(40) }, { state: "unknown", was_healthy: false }],
    ["not to be read", { unknown: "timed out" }, { state: "unknown", reason: "timed out", was_healthy: false }],
    ["being removed", { state: "tearing-down" }, { state: "unknown", was_healthy: false }],
    ["gone", { state: "gone" }, { state: "unknown", was_healthy: false }],
    ["asleep, never seen healthy", { state: "sleeping" }, { state: "sleeping", was_healthy: false }],
    [
      "failed",
      { state: "failed", reasons: [{ cause: "quota", message: "exceeded quota", awaits: "people" }] },
      { state: "failed", reason: "exceeded quota" },
    ],
  ] as [string, Partial<PreviewRecord>, object][])("%s", async (_, record, fact) => {
    expect((await read(record)).fact).toMatchObject(fact);
  });

  test("nothing is known of it", async () => {
    expect((await read(undefined)).fact).toEqual({ state: "unknown", reason: "", concerned: true, was_healthy: false });
  });

  test("asleep after it was healthy at this commit", async () => {
    expect((await read({ state: "sleeping" }, { healthyBefore: true })).fact).toMatchObject({ was_healthy: true });
  });

  test("no previews are asked for", async () => {
    expect((await read({}, { config: undefined })).fact).toBeNull();
  });

  test("a long reason is cut to whole characters", async () => {
    const reasons = [{ cause: "sync" as const, message: `${"a".repeat(499)}🐛`, awaits: "people" as const }];
    const { reason = "" } = (await read({ state: "failed", reasons })).fact ?? {};
    expect([reason.length, reason.isWellFormed()]).toEqual([500, true]);
  });
});

describe("whether anything previewed is changed", () => {
  test.each([
    ["no filter", { config: config() }, true],
    ["a file of it", { config: config({ paths: ["deploy/"] }), files: ["deploy/a.yaml"] }, true],
    ["no file of it", { config: config({ paths: ["deploy/"] }), files: ["README.md"] }, false],
    ["a list that is cut", { config: config({ paths: ["deploy/"] }), files: ["README.md"], complete: false }, true],
    [
      "a push while the list was read",
      { config: config({ paths: ["deploy/"] }), files: ["README.md"], now: { headSha: "e".repeat(40) } },
      true,
    ],
    [
      "another base while the list was read",
      { config: config({ paths: ["deploy/"] }), files: ["README.md"], now: { baseRef: "release" } },
      true,
    ],
  ])("%s", async (_, options, concerned) => {
    expect((await read({}, options)).fact?.concerned).toBe(concerned);
  });
});
