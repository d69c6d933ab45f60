import { describe, expect, test } from "vitest";
import type { KubeObject } from "../../src/model/kubernetes.ts";
import type { PreviewReason } from "../../src/model/preview.ts";
import { partViews } from "../../src/preview/parts.ts";
import type { PreviewPlan } from "../../src/preview/plan.ts";
import { causeOf, reasonsOf, tidyReasons } from "../../src/preview/reasons.ts";
import { previewPlan, SHA } from "./plans.ts";
import { ToyClusters } from "./toy-clusters.ts";
import { type Walk, walkOn } from "./walk.ts";

const plan = previewPlan();

function told(status: Record<string, unknown>, failing = false, of: PreviewPlan = plan): PreviewReason[] {
  const walk: Walk = { clusters: new ToyClusters(), plan, nowMs: 1_000_000 };
  walkOn(walk);
  const world = walk.clusters.world(plan);
  Object.assign(world.applications[0]?.status as object, status);
  const views = partViews(plan, world);
  return reasonsOf(of, world, views, new Set(failing ? views : []));
}

const failed = (message: string, resources: unknown[] = []) => ({
  operationState: { phase: "Failed", message, syncResult: { revision: SHA, resources } },
});

describe("what Argo CD says", () => {
  test("of each object that it could not sync, and not of the whole besides", () => {
    const web = {
      kind: "Service",
      name: "web",
      status: "SyncFailed",
      message: "services is forbidden: ValidatingAdmissionPolicy 'x' denied request: no LoadBalancer",
    };
    const ok = { kind: "Service", name: "ok", status: "Synced", message: "created" };
    const hook = {
      kind: "Job",
      name: "hook",
      hookPhase: "Failed",
      message: "Job has reached the specified backoff limit",
    };
    const syncError = { conditions: [{ type: "SyncError", message: "Failed last sync attempt" }] };
    expect(
      told({ ...failed("one or more objects failed to apply", [web, ok, hook]), ...syncError }, true),
    ).toMatchObject([
      { cause: "admission", object: "Service web", component: "web", cluster: "in-cluster", awaits: "people" },
      { cause: "sync", object: "Job hook", awaits: "people" },
    ]);
  });

  test.each<[message: string, shown: string | undefined, file: string | undefined, awaits: string]>([
    [
      'Failed to load target state: failed to generate manifest for source 1 of 1: rpc error: code = FailedPrecondition desc = Manifest generation error (cached): Failed to unmarshal "deploy.yaml": failed to unmarshal manifest: error converting YAML to JSON: yaml: line 3: did not find',
      'Failed to unmarshal "deploy.yaml": yaml: line 3: did not find',
      "deploy.yaml",
      "people",
    ],
    [
      "Failed to load target state: failed to generate manifest for source 1 of 1: rpc error: code = Unknown desc = deploy/web: app path does not exist",
      "deploy/web: app path does not exist",
      undefined,
      "people",
    ],
    ["rpc error: code = Unavailable desc = connection refused", undefined, undefined, "machines"],
  ])("of manifests: %s", (message, shown, file, awaits) => {
    const found = told({ sync: { status: "Unknown" }, conditions: [{ type: "ComparisonError", message }] });
    const expected = { cause: "source", message: shown ?? message, awaits, ...(file === undefined ? {} : { file }) };
    expect(found).toMatchObject([expected]);
  });

  test.each<[who: string, change: Partial<PreviewPlan>, shown: string]>([
    ["a fork", { fork: true }, "a fork's preview gets no credential"],
    ["a repository without credentials", { credentials: {} }, "the operator gave no credential for this repository"],
    [
      "one with others than GitHub takes",
      { credentials: { git: { username: "u", password: "p" } } },
      "refused the source with the credential",
    ],
  ])("of a source that it may not read, for %s", (_who, change, shown) => {
    for (const message of [
      "fatal: could not read Username for 'https://github.com': terminal prompts disabled",
      "failed to list refs: authentication required: Invalid username or token.",
      "failed to list refs: repository not found",
    ]) {
      const found = told({ sync: { status: "Unknown" }, conditions: [{ type: "ComparisonError", message }] }, false, {
        ...plan,
        ...change,
      });
      expect(found).toMatchObject([
        { cause: "credentials", awaits: "people", message: expect.stringContaining(shown) },
      ]);
    }
  });

  test("an object that stays unlike its manifest although it was synced: a field that the API server left out, say", () => {
    const resources = [{ kind: "Deployment", name: "web", status: "OutOfSync" }];
    const sync = { status: "OutOfSync", revision: SHA };
    const succeeded = { phase: "Succeeded", message: "", syncResult: { revision: SHA, resources: [] } };
    const [synced] = told({ sync, resources, operationState: succeeded });
    expect(synced).toMatchObject({ object: "Deployment web", message: expect.stringContaining("misspelt") });
    const [before] = told({ sync, resources, operationState: undefined });
    expect(before).toMatchObject({ message: "It is not yet as the manifests say.", awaits: "machines" });
  });

  test("nothing of what is in order", () => {
    expect(told({})).toEqual([]);
  });

  test("of nothing that it found, by the folder", () => {
    const nothing = {
      resources: [],
      operationState: { phase: "Succeeded", message: "", syncResult: { revision: SHA } },
    };
    expect(told({ ...nothing, sync: { status: "Synced", revision: SHA } })).toMatchObject([
      { message: "There is no manifest in it at this commit.", file: "deploy/web", awaits: "people" },
    ]);
  });
});

test("the set's own words, where it made no Application", () => {
  const world = {
    ...new ToyClusters().world(plan),
    applicationSet: {
      apiVersion: "argoproj.io/v1alpha1",
      kind: "ApplicationSet",
      metadata: { name: plan.slug },
      status: { conditions: [{ type: "ErrorOccurred", status: "True", message: "map has no entry for key" }] },
    },
  };
  expect(reasonsOf(plan, world, partViews(plan, world), new Set())).toMatchObject([
    { message: "Argo CD cannot make the Applications: map has no entry for key", awaits: "people" },
  ]);
});

test("the set's own words, where it does not bring its Applications to the commit, and who is waited for", () => {
  const clusters = new ToyClusters();
  const walk = { clusters, plan, nowMs: 1_000_000 };
  walkOn(walk);
  const message = "application destination spec is invalid: there are no clusters with this name: in-cluster";
  const seen = clusters.world(plan);
  const world = {
    ...seen,
    applicationSet: {
      ...(seen.applicationSet as KubeObject),
      status: { conditions: [{ type: "ErrorOccurred", status: "True", message }] },
    },
  };
  const told = (pushed: typeof plan) => reasonsOf(pushed, world, partViews(pushed, world), new Set());
  const next = "f".repeat(40);
  expect(told({ ...plan, sha: next, source: { ...plan.source, revision: next } })).toMatchObject([
    { message: `Argo CD cannot make the Applications: ${message}`, awaits: "machines" },
  ]);
  expect(told(plan)).toEqual([]);
});

describe("lines for people", () => {
  const line = (message: string, rest: Partial<PreviewReason> = {}): PreviewReason => ({
    cause: "sync",
    message,
    awaits: "machines",
    ...rest,
  });

  test("one line, none twice, what people have to do first, and not too many", () => {
    const many = Array.from({ length: 50 }, (_, at) => line(`reason ${at}`));
    const found = tidyReasons([...many, line("reason 1"), line("a\r\nb\u202e c", { awaits: "people" })]);
    expect([found.length, found[0]?.message, found.at(-1)?.message]).toEqual([
      20,
      "a b c",
      "There are 32 more reasons.",
    ]);
    expect(tidyReasons([line("x".repeat(10_000))])[0]?.message).toHaveLength(400);
  });

  test.each([
    "cannot clone https://x:ghs_0123456789abcdef@github.com/a/b",
    "token=0123456789abcdef0123",
    "Authorization: Bearer abcdefghijklmnop.qrst",
    "got ghp_0123456789abcdef0123456789",
  ])("without what looks like a credential: %s", (message) => {
    expect(tidyReasons([line(message)])[0]?.message).not.toMatch(/0123456789abcdef|abcdefghijklmnop/);
  });

  test("a file without the folder that Argo CD keeps it in, in time that does not grow with the text", () => {
    const path = "/tmp/_argocd-repo/01234567-89ab-cdef-0123-456789abcdef/deploy/web/x.yaml";
    expect(causeOf(`cannot read ${path}: no`).file).toBe("deploy/web/x.yaml");
    expect(causeOf(`${"a/".repeat(100_000)}.`).file).toBeUndefined();
  });
});
