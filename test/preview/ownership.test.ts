import { expect, test } from "vitest";
import { previewLabels } from "../../src/model/preview.ts";
import { isOurs } from "../../src/preview/ownership.ts";
import { previewPlan } from "./plans.ts";

const { owner, slug } = previewPlan();
const ours = previewLabels(owner, slug);
const object = (labels: Record<string, string>) => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name: "a", labels },
});

test("an object is this preview's by all of its labels", () => {
  expect(isOurs(object({ ...ours, theirs: "yes" }), owner, slug)).toBe(true);
  expect(isOurs(object({}), owner, slug)).toBe(false);
});

test.each(Object.keys(ours))("with another %s, or without it, it is somebody else's", (label) => {
  const { [label]: known = "", ...rest } = ours;
  expect(isOurs(object(rest), owner, slug)).toBe(false);
  for (const other of [`${known}0`, "", "x", "1e1", `0${known}`])
    expect(isOurs(object({ ...rest, [label]: other }), owner, slug)).toBe(false);
});
