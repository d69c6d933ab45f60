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

/** Fences of a preview, of one rank, and the set that comes after them. */
const fence = (name: string, kind = "NetworkPolicy"): PreviewStep => ({
  do: "apply",
  cluster: "west",
  object: { apiVersion: "v1", kind, metadata: { name, namespace: "n" } },
});

describe("what needs nothing of each other is written side by side", () => {
  /** Writes that wait to be answered, in their order; `answer` lets one be done, or fail. */
  function slow() {
    const begun: string[] = [];
    const open = new Map<string, (error?: Error) => void>();
    const west = {
      apply: ({ metadata: { name } }: KubeObject) => {
        begun.push(name);
        return new Promise<void>((resolve, reject) => {
          open.set(name, (error) => (error ? reject(error) : resolve()));
        });
      },
    } as unknown as Cluster;
    const answer = async (name: string, error?: Error) => {
      await expect.poll(() => open.has(name)).toBe(true);
      open.get(name)?.(error);
    };
    return { begun, answer, clusters: { names: ["west"], cluster: () => west } satisfies Clusters };
  }

  test("and all of it before what needs it, a few at a time", async () => {
    const { begun, answer, clusters } = slow();
    const { run, fences } = ground();
    const names = Array.from({ length: 10 }, (_, at) => `policy-${at}`);
    const steps = [...names.map((name) => fence(name)), fence("set", "ApplicationSet")];
    const ended = applySteps(clusters, steps, run);
    await expect.poll(() => begun).toEqual(names.slice(0, 8));
    expect(fences()).toBe(8);
    for (const name of names) {
      expect(begun).not.toContain("set");
      await answer(name);
    }
    await answer("set");
    expect(await ended).toEqual([]);
    expect(begun).toEqual([...names, "set"]);
    expect(fences()).toBe(11);
  });

  test("one that is refused keeps back what comes after, not those beside it", async () => {
    const { begun, answer, clusters } = slow();
    const { run } = ground();
    const ended = applySteps(clusters, [fence("a"), fence("b"), fence("set", "ApplicationSet")], run);
    await answer("a", new ClusterError("west", "refused", 403, "no"));
    await answer("b");
    expect(await ended).toMatchObject([{ cause: "admission", object: "NetworkPolicy a" }]);
    expect(begun).toEqual(["a", "b"]);
  });

  test("a cluster that is away is told once", async () => {
    const { clusters, run } = ground(() => "unavailable");
    expect(await applySteps(clusters, [fence("a"), fence("b"), fence("c")], run)).toHaveLength(1);
  });

  test("what is no answer of a cluster lets none begin any more", async () => {
    const { begun, answer, clusters } = slow();
    const names = Array.from({ length: 10 }, (_, at) => `policy-${at}`);
    const ended = applySteps(
      clusters,
      names.map((name) => fence(name)),
      ground().run,
    );
    const told = expect(ended).rejects.toThrow(TypeError);
    await answer("policy-0", new TypeError("ours"));
    for (const name of names.slice(1, 8)) await answer(name);
    await told;
    expect(begun).toEqual(names.slice(0, 8));
  });

  test("a lease that is lost lets none begin any more, and nothing is under way when the run ends", async () => {
    const { begun, answer, clusters } = slow();
    const { run } = ground();
    let held = 2;
    const losing = { ...run, fence: () => (held-- > 0 ? Promise.resolve() : Promise.reject(new LeaseLostError("k"))) };
    let over = false;
    const ended = applySteps(clusters, [fence("a"), fence("b"), fence("c"), fence("set", "ApplicationSet")], losing);
    const told = ended.catch((error: unknown) => {
      over = true;
      return error;
    });
    await answer("a");
    await expect.poll(() => begun).toEqual(["a", "b"]);
    await new Promise(setImmediate);
    expect(over).toBe(false);
    await answer("b");
    expect(await told).toBeInstanceOf(LeaseLostError);
    expect(begun).toEqual(["a", "b"]);
  });
});

describe("a quota of which Kubernetes has not counted the use yet", () => {
  const uncounted = 'serviceaccounts "default" is forbidden: status unknown for quota: hms-quota, resources: count/x';
  const tried = async (times: number) => {
    let writes = 0;
    const cluster = {
      apply: () =>
        writes++ < times ? Promise.reject(new ClusterError("west", "refused", 403, uncounted)) : Promise.resolve(),
    } as unknown as Cluster;
    const { run, fences } = ground();
    const reasons = await applySteps({ names: ["west"], cluster: () => cluster }, [fence("a", "ServiceAccount")], run);
    return { reasons, writes, fences: fences() };
  };

  test("is waited for, and the lease looked at before each try", async () => {
    expect(await tried(2)).toEqual({ reasons: [], writes: 3, fences: 3 });
  });

  test("is left for the next run where it takes longer; nobody has to act", async () => {
    const { reasons, writes } = await tried(9);
    expect(reasons).toMatchObject([{ awaits: "machines", object: "ServiceAccount a" }]);
    expect(writes).toBe(4);
  });
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
