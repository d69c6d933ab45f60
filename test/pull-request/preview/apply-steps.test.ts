import { describe, expect, test } from "vitest";
import { KINDS, type KubeObject } from "../../../src/model/kubernetes.ts";
import { type Cluster, ClusterError, type ClusterFault, type Clusters } from "../../../src/ports/cluster.ts";
import { LeaseLostError } from "../../../src/ports/run.ts";
import type { PreviewStep } from "../../../src/preview/preview.ts";
import { applySteps } from "../../../src/pull-request/preview/apply-steps.ts";

/** What was written, as `west apply a`; `answers` tells what a cluster says to one object. */
function ground(answers: (cluster: string, name: string) => ClusterFault | Error | undefined = () => undefined) {
  const written: string[] = [];
  const clusterOf = (cluster: string) => {
    const write = (how: string, name: string) => {
      written.push(`${cluster} ${how} ${name}`);
      const answer = answers(cluster, name);
      if (answer instanceof Error) return Promise.reject(answer);
      return answer ? Promise.reject(new ClusterError(cluster, answer, 0, `it is ${answer}`)) : Promise.resolve();
    };
    return {
      name: cluster,
      apply: (object: { metadata: { name: string } }) => write("apply", object.metadata.name),
      patch: (ref: { name: string }) => write("patch", ref.name),
      delete: (ref: { name: string }, { uid }: { uid: string }) => write("delete", `${ref.name} ${uid}`),
    } as unknown as Cluster;
  };
  const names = ["west", "east"];
  const clusters: Clusters = { names, cluster: (name) => (names.includes(name) ? clusterOf(name) : undefined) };
  let fences = 0;
  const run = { key: "preview/1/2/3", lease: { attempt: 0, causes: [] }, fence: async () => void fences++ };
  return { clusters, written, run, fences: () => fences };
}

const ref = (name: string) => ({ kind: KINDS.secret, namespace: "n", name });
const apply = (cluster: string, name: string): PreviewStep => ({
  do: "apply",
  cluster,
  object: { apiVersion: "v1", kind: "Secret", metadata: { name, namespace: "n" } },
});
const patch = (cluster: string, name: string): PreviewStep => ({
  do: "patch",
  cluster,
  ref: ref(name),
  type: "merge",
  patch: {},
});
const remove = (cluster: string, name: string, uid: string): PreviewStep => ({
  do: "delete",
  cluster,
  ref: ref(name),
  uid,
  propagation: "foreground",
});

test("in order, each after a look at the lease", async () => {
  const { clusters, written, run, fences } = ground();
  expect(await applySteps(clusters, [apply("west", "a"), patch("east", "b"), remove("west", "c", "u")], run)).toEqual(
    [],
  );
  expect(written).toEqual(["west apply a", "east patch b", "west delete c u"]);
  expect(fences()).toBe(3);
});

test("a lease that is lost ends it before the write", async () => {
  const { clusters, written, run } = ground();
  const fence = () => Promise.reject(new LeaseLostError(run.key));
  await expect(applySteps(clusters, [apply("west", "a")], { ...run, fence })).rejects.toThrow(LeaseLostError);
  expect(written).toEqual([]);
});

test.each([
  ["unavailable", "cluster", "machines"],
  ["no-such-kind", "cluster", "people"],
  ["forbidden", "rights", "people"],
  ["conflict", "held", "machines"],
  ["refused", "admission", "people"],
] as const)("%s is a reason; the rest on that cluster waits, others go on", async (fault, cause, awaits) => {
  const { clusters, written, run } = ground((_, name) => (name === "a" ? fault : undefined));
  const steps = [apply("west", "a"), patch("west", "b"), apply("east", "c")];
  const [reason, ...more] = await applySteps(clusters, steps, run);
  expect(more).toEqual([]);
  expect(reason).toMatchObject({ cause, awaits, cluster: "west", object: "Secret a" });
  expect(reason?.message).toContain(`it is ${fault}`);
  expect(written).toEqual(["west apply a", "east apply c"]);
});

test("what is no answer of a cluster is an error", async () => {
  const { clusters, run } = ground(() => new TypeError("ours"));
  await expect(applySteps(clusters, [apply("west", "a")], run)).rejects.toThrow(TypeError);
});

test("a cluster that is declared no more is passed over", async () => {
  const { clusters, written, run } = ground();
  expect(await applySteps(clusters, [apply("north", "a"), apply("east", "b")], run)).toEqual([]);
  expect(written).toEqual(["east apply b"]);
});

describe("a field that another manager wrote", () => {
  const set = {
    apiVersion: "argoproj.io/v1alpha1",
    kind: "ApplicationSet",
    metadata: { name: "pr", namespace: "argocd" },
  };
  const argocd =
    'Apply failed with 1 conflict: conflict with "argocd-applicationset-controller" using argoproj.io/v1alpha1: .spec.generators';
  const person = `${argocd}; conflicts with "kubectl-edit" using argoproj.io/v1alpha1: .spec.template`;

  async function tried(object: KubeObject, message: string) {
    const forced: boolean[] = [];
    const cluster = {
      apply: (_: KubeObject, { force = false } = {}) => {
        forced.push(force);
        return force ? Promise.resolve() : Promise.reject(new ClusterError("west", "conflict", 0, message));
      },
    } as unknown as Cluster;
    const { run } = ground();
    const reasons = await applySteps(
      { names: ["west"], cluster: () => cluster },
      [{ do: "apply", cluster: "west", object }],
      run,
    );
    return { forced, reasons };
  }

  test("is ours again where Argo CD's controller only wrote the set back", async () => {
    expect(await tried(set, argocd)).toEqual({ forced: [false, true], reasons: [] });
  });

  test.each<[what: string, object: KubeObject, message: string]>([
    ["of somebody besides", set, person],
    ["of another kind", { ...set, kind: "AppProject" }, argocd],
  ])("is left alone and told: %s", async (_what, object, message) => {
    const { forced, reasons } = await tried(object, message);
    expect(forced).toEqual([false]);
    expect(reasons).toMatchObject([{ cause: "held", awaits: "people" }]);
  });
});
