import fc from "fast-check";
import { expect, test } from "vitest";
import { ownerOf } from "../../src/model/preview.ts";
import { inventoryCluster, previewPlan } from "./plans.ts";
import { type Behaviour, ToyClusters } from "./toy-clusters.ts";
import { removeOn, run, type Walk } from "./walk.ts";

const repoUrl = "https://github.com/acme/shop.git";
const shas = ["a", "b", "c"].map((letter) => letter.repeat(40));

/** What can come between two runs. */
const event = fc.oneof(
  fc.record({ what: fc.constant("push" as const), sha: fc.constantFrom(...shas) }),
  fc.record({ what: fc.constant("lose" as const), at: fc.nat(40) }),
  fc.record({ what: fc.constant("crash" as const) }),
  fc.record({ what: fc.constant("sleep" as const), awake: fc.boolean() }),
  fc.record({
    what: fc.constant("behave" as const),
    behaviour: fc.constantFrom<Behaviour>("works", "hangs", 1, 2),
  }),
);

test("whatever happened, it comes to green, touches nothing of others, deletes nothing, and goes when it is told to", () => {
  const clusters = [inventoryCluster(), inventoryCluster({ name: "far" })];
  fc.assert(
    fc.property(
      fc.array(fc.tuple(event, fc.integer({ min: 1, max: 4 })), { maxLength: 6 }),
      fc.boolean(),
      (events, two) => {
        const of = (sha: string, awake: boolean) =>
          previewPlan({
            clusters: two ? clusters : clusters.slice(0, 1),
            sha,
            awake,
            source: { repoUrl, revision: sha },
          });
        const walk: Walk = { clusters: new ToyClusters(), plan: of(shas[0] ?? "", true), nowMs: 1_000_000 };
        walk.clusters.put("in-cluster", { apiVersion: "v1", kind: "Namespace", metadata: { name: "pr-other-7" } });
        for (const [one, rounds] of events) {
          if (one.what === "push") walk.plan = of(one.sha, true);
          if (one.what === "sleep") walk.plan = of(walk.plan.sha, one.awake);
          if (one.what === "behave") walk.clusters.behaviour = one.behaviour;
          if (one.what === "lose") {
            const keys = [...walk.clusters.objects.keys()].filter((key) => !key.endsWith("pr-other-7"));
            if (keys.length > 0) walk.clusters.objects.delete(keys[one.at % keys.length] ?? "");
          }
          for (let round = 0; round < rounds; round++) run(walk, { crashes: one.what === "crash" && round === 0 });
        }
        walk.clusters.behaviour = "works";
        walk.plan = of(walk.plan.sha, true);
        for (let round = 0; round < 150 && walk.before?.state !== "healthy"; round++) run(walk);
        expect(run(walk)).toMatchObject({ state: "healthy", steps: [] });
        expect(walk.before?.parts.every(({ revision }) => revision === walk.plan.sha)).toBe(true);
        for (const step of walk.clusters.written) {
          expect(step.do).not.toBe("delete");
          if (step.do === "apply") expect(ownerOf(step.object.metadata.labels)?.slug).toBe(walk.plan.slug);
        }
        expect(removeOn(walk)).toBe(true);
        expect([...walk.clusters.objects.values()].filter(({ kind }) => kind === "Namespace")).toHaveLength(1);
      },
    ),
    { numRuns: 40 },
  );
}, 60_000);
