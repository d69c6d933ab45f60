import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { nanosOf } from "../../src/config/quantity.ts";
import type { KubeObject } from "../../src/model/kubernetes.ts";
import { isAsWanted, previewObjects } from "../../src/preview/preview.ts";
import { component, previewConfig, previewPlan } from "./plans.ts";

const objects = previewObjects(
  previewPlan({
    config: previewConfig({
      components: [component(), component({ name: "api", helm: { a: "{{head_sha}}" } })],
      egress: [{ cidr: "10.0.0.0/16", ports: [5432] }],
    }),
    credentials: { git: { username: "u", password: "p" }, images: [{ registry: "r", username: "u", password: "p" }] },
  }),
).map(({ object }) => object);

type Path = (string | number)[];

/** All texts, numbers and truth values of an object, by path. */
function leaves(value: unknown, path: Path = []): Path[] {
  if (typeof value !== "object" || value === null) return [path];
  return Object.entries(value).flatMap(([key, one]) =>
    leaves(one, [...path, Array.isArray(value) ? Number(key) : key]),
  );
}

function changed(
  object: KubeObject,
  path: Path,
  change: (holder: Record<string | number, unknown>, key: string | number) => void,
) {
  const copy = structuredClone(object);
  const key = path.at(-1) ?? "";
  const holder = path.slice(0, -1).reduce<unknown>((at, step) => (at as Record<string | number, unknown>)[step], copy);
  change(holder as Record<string | number, unknown>, key);
  return copy;
}

const one = fc.constantFrom(...objects);

test("what others add makes no difference", () => {
  const added = fc.dictionary(fc.stringMatching(/^server[A-Za-z]{1,8}$/), fc.jsonValue());
  fc.assert(
    fc.property(one, added, (wanted, more) => {
      const decorate = (value: unknown): unknown => {
        if (Array.isArray(value)) return value.map(decorate);
        if (typeof value !== "object" || value === null) return value;
        return { ...more, ...Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, decorate(inner)])) };
      };
      const observed = decorate(wanted) as KubeObject;
      expect(isAsWanted({ ...observed, status: { phase: "Active" } }, wanted)).toBe(true);
    }),
  );
});

test("each changed or missing value, and each further or missing entry of a list, is seen", () => {
  for (const wanted of objects) {
    for (const path of leaves(wanted)) {
      if (path.join("/") === "metadata/finalizers/0") continue;
      const other = changed(wanted, path, (holder, key) => {
        holder[key] = typeof holder[key] === "number" ? -1 : typeof holder[key] === "boolean" ? !holder[key] : "other";
      });
      expect([path, isAsWanted(other, wanted)]).toEqual([path, false]);
      const without = changed(wanted, path, (holder, key) => {
        if (Array.isArray(holder)) holder.splice(Number(key), 1);
        else delete holder[key];
      });
      expect([path, isAsWanted(without, wanted)]).toEqual([path, false]);
      if (typeof path.at(-1) !== "number") continue;
      const longer = changed(wanted, path, (holder) => void (holder as unknown as unknown[]).push("more"));
      expect([path, isAsWanted(longer, wanted)]).toEqual([path, false]);
    }
  }
});

describe("as the API server writes it", () => {
  const object = (rest: Record<string, unknown>): KubeObject => ({
    apiVersion: "v1",
    kind: "X",
    metadata: { name: "x" },
    ...rest,
  });
  test.each<[string, Record<string, unknown>, Record<string, unknown>, boolean]>([
    ["quantities", { spec: { hard: { cpu: "2" } } }, { spec: { hard: { cpu: "2000m" } } }, true],
    ["quantities", { spec: { hard: { memory: "4Gi" } } }, { spec: { hard: { memory: "4294967296" } } }, true],
    ["quantities", { spec: { hard: { memory: "4Gi" } } }, { spec: { hard: { memory: "4G" } } }, false],
    [
      "quantities",
      { spec: { limits: [{ max: { cpu: "0.5" } }] } },
      { spec: { limits: [{ max: { cpu: "500m" } }] } },
      true,
    ],
    ["texts are none", { spec: { revision: "2" } }, { spec: { revision: "2000m" } }, false],
    ["empty lists are dropped", { spec: { list: [], map: {} } }, { spec: {} }, true],
    ["a list that is to be empty", { spec: { list: [] } }, { spec: { list: ["x"] } }, false],
    ["what may be true by default", { automount: false }, {}, false],
  ])("%s: %j, %j", (_name, wanted, observed, same) => {
    expect(isAsWanted(object(observed), object(wanted))).toBe(same);
  });

  test("finalizers of others stay", () => {
    const wanted = { ...object({}), metadata: { name: "x", finalizers: ["ours"] } };
    expect(isAsWanted({ ...wanted, metadata: { name: "x", finalizers: ["theirs", "ours"] } }, wanted)).toBe(true);
    expect(isAsWanted({ ...wanted, metadata: { name: "x", finalizers: ["theirs"] } }, wanted)).toBe(false);
  });
});

test.each([
  ["1e3", 1_000n],
  ["1.5Gi", 1_610_612_736n],
  ["0.5Ki", 512n],
  ["1Ki ", undefined],
  ["-1", undefined],
  ["", undefined],
  ["99999999999999999999999999999999", undefined],
])("the quantity %j", (text, units) => {
  expect(nanosOf(text)).toBe(units === undefined ? undefined : units * 1_000_000_000n);
});
