import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { KINDS, type ObjectKind } from "../../../src/model/kubernetes.ts";
import {
  type ClusterBench,
  connected,
  eventually,
  expectFault,
  expectGone,
  namespaceOf,
  secret,
  secretRef,
} from "../../contract/cluster-bench.ts";
import { deployment } from "../../contract/cluster-writing-contract.ts";
import { type ControlPlane, startControlPlane } from "./control-plane.ts";

let plane: ControlPlane;
let bench: ClusterBench;
beforeAll(async () => {
  plane = await startControlPlane();
  bench = await connected(plane);
});
afterAll(() => plane?.stop());

const ADMISSION = "/apis/admissionregistration.k8s.io/v1";
const RBAC = "/apis/rbac.authorization.k8s.io/v1";

/** Denies Secrets that are named after it. */
async function denyingPolicy(name: string, reason: string): Promise<void> {
  await plane.asAdmin("POST", `${ADMISSION}/validatingadmissionpolicies`, {
    apiVersion: "admissionregistration.k8s.io/v1",
    kind: "ValidatingAdmissionPolicy",
    metadata: { name },
    spec: {
      failurePolicy: "Fail",
      matchConstraints: {
        resourceRules: [
          { apiGroups: [""], apiVersions: ["v1"], operations: ["CREATE", "UPDATE", "DELETE"], resources: ["secrets"] },
        ],
      },
      matchConditions: [{ name: "named", expression: `request.name == '${name}'` }],
      validations: [{ expression: "false", message: "not in this house", ...(reason === "" ? {} : { reason }) }],
    },
  });
  await plane.asAdmin("POST", `${ADMISSION}/validatingadmissionpolicybindings`, {
    apiVersion: "admissionregistration.k8s.io/v1",
    kind: "ValidatingAdmissionPolicyBinding",
    metadata: { name },
    spec: { policyName: name, validationActions: ["Deny"] },
  });
}

describe("admission is a refusal with its own words, never a missing right", () => {
  test.each([
    ["plain", ""],
    ["forbidding", "Forbidden"],
    ["invalidating", "Invalid"],
    ["too-large", "RequestEntityTooLarge"],
  ])("a policy, %s", async (name, reason) => {
    const namespace = await namespaceOf(bench);
    const ref = secretRef(namespace, name);
    const { metadata } = await bench.cluster.apply(secret(namespace, name));
    await denyingPolicy(name, reason);
    const words = /not in this house/;
    // A policy takes effect a moment after it is there.
    await eventually(() => expectFault(bench.cluster.patch(ref, "merge", { data: null }), "refused", words));
    await expectFault(bench.cluster.apply(secret(namespace, name, { key: "1" })), "refused", words);
    await expectFault(bench.cluster.delete(ref, { uid: metadata.uid ?? "" }), "refused", words);
    expect(await bench.cluster.get(ref)).toBeDefined();
  });

  test("Pod Security and quota, of Pods", async () => {
    const strict = await namespaceOf(bench, { "pod-security.kubernetes.io/enforce": "restricted" });
    const full = await namespaceOf(bench);
    await bench.cluster.apply({
      apiVersion: "v1",
      kind: "ResourceQuota",
      metadata: { name: "none", namespace: full },
      spec: { hard: { pods: "0", secrets: "0" } },
    });
    let made = 0;
    // One that got in before the API server knew of the quota would stay, and be no new one.
    const pod = (namespace: string) => ({
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: `web-${++made}`, namespace },
      spec: { automountServiceAccountToken: false, containers: [{ name: "web", image: "web" }] },
    });
    await eventually(() => expectFault(bench.cluster.apply(pod(strict)), "refused", /violates PodSecurity/));
    await eventually(() => expectFault(bench.cluster.apply(pod(full)), "refused", /exceeded quota/));
  });

  test("a webhook that nobody answers is no refusal: it may be there again", async () => {
    const namespace = await namespaceOf(bench, { webhook: "yes" });
    const name = "absent.hms-sys.dev";
    await plane.asAdmin("POST", `${ADMISSION}/validatingwebhookconfigurations`, {
      apiVersion: "admissionregistration.k8s.io/v1",
      kind: "ValidatingWebhookConfiguration",
      metadata: { name },
      webhooks: [
        {
          name,
          clientConfig: { url: "https://127.0.0.1:1/" },
          rules: [{ apiGroups: [""], apiVersions: ["v1"], operations: ["CREATE"], resources: ["secrets"] }],
          namespaceSelector: { matchLabels: { webhook: "yes" } },
          failurePolicy: "Fail",
          sideEffects: "None",
          admissionReviewVersions: ["v1"],
        },
      ],
    });
    let made = 0;
    await eventually(() =>
      expectFault(bench.cluster.apply(secret(namespace, `a-${made++}`)), "unavailable", /webhook/),
    );
    // The server itself is there: the breaker has nothing to do with it.
    for (let i = 0; i < 8; i++)
      await expectFault(bench.cluster.apply(secret(namespace, "b")), "unavailable", /webhook/);
    expect(await bench.cluster.get(secretRef(namespace, "b"))).toBeUndefined();
    await plane.asAdmin("DELETE", `${ADMISSION}/validatingwebhookconfigurations/${name}`);
  });
});

describe("rights", () => {
  async function grant(namespace: string, rules: unknown[]): Promise<void> {
    await plane.asAdmin("POST", `${RBAC}/namespaces/${namespace}/roles`, {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "Role",
      metadata: { name: "granted" },
      rules,
    });
    await plane.asAdmin("POST", `${RBAC}/namespaces/${namespace}/rolebindings`, {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "RoleBinding",
      metadata: { name: "granted" },
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: "granted" },
      subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "User", name: "nobody" }],
    });
  }
  const revoke = (namespace: string) => plane.asAdmin("DELETE", `${RBAC}/namespaces/${namespace}/rolebindings/granted`);

  test("giving away more than one has is forbidden", async () => {
    const namespace = await namespaceOf(bench);
    const group = "rbac.authorization.k8s.io";
    await grant(namespace, [{ apiGroups: [group], resources: ["rolebindings"], verbs: ["create", "patch", "get"] }]);
    const binding = {
      apiVersion: `${group}/v1`,
      kind: "RoleBinding",
      metadata: { name: "more", namespace },
      roleRef: { apiGroup: group, kind: "ClusterRole", name: "cluster-admin" },
      subjects: [{ apiGroup: group, kind: "User", name: "nobody" }],
    };
    await eventually(() => expectFault(bench.nobody.apply(binding), "forbidden", /not currently held/));
  });

  test("that are taken away and given back: what was known becomes unknown, nothing is gone", async () => {
    const namespace = await namespaceOf(bench);
    const rules = [{ apiGroups: [""], resources: ["secrets"], verbs: ["get", "list", "watch"] }];
    await grant(namespace, rules);
    await bench.cluster.apply(secret(namespace, "a"));
    const selection = { kind: KINDS.secret, namespace };
    await eventually(() => bench.nobody.list(selection));
    // A server lets a watch go on that it once allowed: only the next one is refused.
    const { nobody } = await connected(plane, plane.url, { silenceMs: 400 });
    const told: string[] = [];
    const watch = nobody.watch(selection, ({ metadata }, what) => void told.push(`${metadata.name} ${what}`));
    try {
      await eventually(() => expect(watch.objects()).toHaveLength(1));
      await revoke(namespace);
      await eventually(() => expectFault(nobody.get(secretRef(namespace, "a")), "forbidden"));
      await eventually(() => expect(watch.objects()).toBeUndefined());
      await bench.cluster.apply(secret(namespace, "b"));
      expect(told).toEqual(["a changed"]);
      await plane.asAdmin("DELETE", `${RBAC}/namespaces/${namespace}/roles/granted`);
      await grant(namespace, rules);
      await eventually(() => expect(watch.objects()).toHaveLength(2));
      expect(told).toEqual(["a changed", "b changed"]);
    } finally {
      watch.stop();
    }
  });
});

test("a kind that is taken away: its objects are unknown, and not there only where it is known again", async () => {
  const path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
  const kind: ObjectKind = {
    apiVersion: "argoproj.io/v1alpha1",
    kind: "Application",
    plural: "applications",
    namespaced: true,
  };
  const install = () =>
    plane.asAdmin("POST", path, {
      apiVersion: "apiextensions.k8s.io/v1",
      kind: "CustomResourceDefinition",
      metadata: { name: "applications.argoproj.io" },
      spec: {
        group: "argoproj.io",
        scope: "Namespaced",
        names: { kind: "Application", plural: "applications", singular: "application" },
        versions: [
          {
            name: "v1alpha1",
            served: true,
            storage: true,
            schema: {
              openAPIV3Schema: {
                type: "object",
                properties: { spec: { type: "object", properties: { a: { type: "string" } } } },
              },
            },
          },
        ],
      },
    });
  const namespace = await namespaceOf(bench);
  const ref = { kind, namespace, name: "a" };
  const selection = { kind, namespace };
  const watch = bench.cluster.watch(selection, () => undefined);
  try {
    await expectFault(bench.cluster.list(selection), "no-such-kind");
    await install();
    const object = { apiVersion: kind.apiVersion, kind: kind.kind, metadata: { name: "a", namespace } };
    await eventually(() => bench.cluster.apply({ ...object, spec: { a: "1" } }));
    await expectFault(bench.cluster.apply({ ...object, spec: { b: "1" } }), "refused", /\bb\b/);
    await eventually(() => expect(watch.objects()).toHaveLength(1));
    expect(await bench.cluster.get({ ...ref, name: "missing" })).toBeUndefined();

    await plane.asAdmin("DELETE", `${path}/applications.argoproj.io`);
    await eventually(() => expectFault(bench.cluster.get(ref), "no-such-kind"));
    await expectFault(bench.cluster.delete(ref, { uid: "any" }), "no-such-kind");
    await eventually(() => expect(watch.objects()).toBeUndefined());
    await install();
    await eventually(() => expect(watch.objects()).toEqual([]));
    await expectGone(bench.cluster, ref);
  } finally {
    watch.stop();
  }
});

test("a Deployment's field of another type is refused by the schema", async () => {
  const namespace = await namespaceOf(bench);
  await expectFault(bench.cluster.apply(deployment(namespace, { template: 1 })), "refused", /template/);
});
