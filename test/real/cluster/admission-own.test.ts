import { describe, expect, test } from "vitest";
import { ownWrites, refused } from "./own-writes.ts";
import {
  applicationSet,
  appProject,
  claim,
  configMap,
  deployment,
  expectDone,
  fences,
  labelsOf,
  marked,
  namespace,
  object,
  podSpec,
} from "./preview-fixture.ts";

/*
 * What HMS-SYS has to do goes through its rights and the policies.
 */
const { argocd, slug, hms, sync, app, labelled } = ownWrites();

describe("HMS-SYS itself", () => {
  test("makes a preview again without a change, and everything that it may", async () => {
    for (const made of [namespace(slug), ...fences(slug), appProject(slug, argocd), applicationSet(slug, argocd)]) {
      expectDone(await hms.apply(made), made.kind);
    }
  });

  test("puts to sleep and wakes", async () => {
    expectDone(await hms.merge(deployment(slug, "theirs"), { spec: { replicas: 0 } }, "scale"), "scale");
    const cron = object("batch/v1", "CronJob", slug, "nightly", {
      spec: {
        schedule: "0 0 1 1 *",
        jobTemplate: { spec: { template: { spec: podSpec({ restartPolicy: "Never" }) } } },
      },
    });
    expectDone(await sync.create(cron), "CronJob");
    expectDone(await hms.merge(cron, { spec: { suspend: true } }), "suspend");
    await refused("which it did not make", () => hms.merge(cron, { spec: { schedule: "* * * * *" } }));
  });

  test("takes finalizers of hooks away, and nothing else of what others made", async () => {
    const hook = marked(configMap(slug, "hook"), {
      annotations: { "argocd.argoproj.io/hook": "PreSync" },
      finalizers: ["argocd.argoproj.io/hook-finalizer"],
    });
    expectDone(await sync.create(hook), "hook");
    await refused("which it did not make", () =>
      hms.merge(hook, { metadata: { finalizers: null }, data: { key: "evil" } }),
    );
    expectDone(await hms.merge(hook, { metadata: { finalizers: null } }), "finalizers");
    const account = { ...hook, kind: "ServiceAccount", data: undefined };
    expectDone(await sync.create(account), "account");
    const more = { metadata: { finalizers: null }, secrets: [{ name: "theirs" }] };
    await refused("which it did not make", () => hms.merge(account, more));
    expectDone(await hms.merge(account, { metadata: { finalizers: null } }), "finalizers");
  });

  test("seeds", async () => {
    const labels = labelsOf(slug);
    const seed = object("batch/v1", "Job", slug, "hms-seed", {
      spec: { template: { metadata: { labels }, spec: podSpec({ restartPolicy: "Never" }) } },
    });
    expectDone(await hms.apply(labelled(seed)), "Job");
    expectDone(await hms.apply(labelled(claim(slug, "restored"))), "claim");
    await refused("only HMS-SYS changes what HMS-SYS made", () => sync.remove(seed));
    expectDone(await hms.remove(seed), "Job");
  });

  test("ends operations, drops automated syncs and refreshes", async () => {
    expectDone(await app({ operation: { sync: { revision: "0".repeat(40) }, retry: { limit: 1 } } })(), "operation");
    expectDone(await app({ operation: null })(), "no operation");
    expectDone(
      await app({
        status: { operationState: { phase: "Terminating", operation: {}, startedAt: "2026-01-01T00:00:00Z" } },
      })(),
      "terminate",
    );
    expectDone(await app({ spec: { syncPolicy: { automated: null } } })(), "syncPolicy");
    expectDone(await app({ metadata: { annotations: { "argocd.argoproj.io/refresh": "hard" } } })(), "refresh");
    expectDone(await app({ metadata: { finalizers: ["resources-finalizer.argocd.argoproj.io"] } })(), "finalizers");
  });

  test("asks who it is and what it may", async () => {
    const review = { apiVersion: "authentication.k8s.io/v1", kind: "SelfSubjectReview" };
    expect((await hms.ask("POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", review)).status).toBe(201);
    const access = {
      apiVersion: "authorization.k8s.io/v1",
      kind: "SelfSubjectAccessReview",
      spec: { resourceAttributes: { verb: "get", resource: "pods" } },
    };
    expect((await hms.ask("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", access)).status).toBe(201);
  });
});
