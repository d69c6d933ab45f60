import { expect, test } from "vitest";
import type { KubeObject } from "../../../src/model/kubernetes.ts";
import { previewLabels } from "../../../src/model/preview.ts";
import { previewPlan } from "../../preview/plans.ts";
import { setScene } from "./coordinator-scene.ts";

const { owner, slug } = previewPlan();
const NAMES = [
  ["Namespace", "v1", slug],
  ["AppProject", "argoproj.io/v1alpha1", slug],
  ["ApplicationSet", "argoproj.io/v1alpha1", slug],
  ["Application", "argoproj.io/v1alpha1", `${slug}-web`],
] as const;
const LABELS = [{}, { theirs: "yes" }, previewLabels({ ...owner, number: owner.number + 1 }, slug)];

test.each(NAMES.flatMap((one) => LABELS.map((labels) => [...one, labels] as const)))(
  "a %s of somebody else (%s %s, labels %j) stays as it is, and people are told",
  async (kind, apiVersion, name, labels) => {
    const scene = await setScene();
    const { toy, world } = scene;
    toy.stopped = true;
    const namespace = kind === "Namespace" ? {} : { namespace: "argocd" };
    const object: KubeObject = { apiVersion, kind, metadata: { name, labels, ...namespace }, spec: { theirs: true } };
    const before = structuredClone(toy.put("in-cluster", object));
    const theirs = () => toy.get("in-cluster", kind, name, object.metadata.namespace);
    for (let round = 0; round < 4; round++) await scene.run();
    expect(await scene.record()).toMatchObject({
      state: "failed",
      reasons: [{ cause: "foreign", object: `${kind} ${name}`, awaits: "people" }],
    });
    expect(theirs()).toEqual(before);
    if (kind !== "ApplicationSet") expect(toy.get("in-cluster", "ApplicationSet", slug, "argocd")).toBeUndefined();
    world.pull = { ...world.pull, state: "closed" };
    for (let round = 0; round < 4; round++) {
      await scene.run();
      for (const [key, { metadata }] of toy.objects) if (metadata.deletionTimestamp) toy.objects.delete(key);
      // What is in a namespace goes with it.
      if (!toy.get("in-cluster", "Namespace", slug) || kind === "Namespace")
        for (const [key, { metadata }] of toy.objects) if (metadata.namespace === slug) toy.objects.delete(key);
    }
    expect(await scene.record()).toMatchObject({ state: "gone" });
    expect([...toy.objects.values()]).toEqual([before]);
  },
);
