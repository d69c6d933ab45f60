import { describe, expect, test } from "vitest";
import { statusIn, toClusterError } from "../../../src/adapters/kubernetes/faults.ts";
import type { ClusterFault } from "../../../src/ports/cluster.ts";
import { statusBody } from "./scripted-api.ts";

const of = (status: number, reason: string, message: string, details: Record<string, unknown> = {}) =>
  toClusterError("bed", status, statusIn(statusBody(status, reason, message, details)));

describe("an answer that is no success is sorted by what can be done about it", () => {
  // The messages are an API server's own (Kubernetes 1.36).
  test.each<[string, number, string, string, Record<string, unknown>, ClusterFault]>([
    ["no credential", 401, "Unauthorized", "Unauthorized", {}, "forbidden"],
    [
      "no right",
      403,
      "Forbidden",
      'secrets is forbidden: User "hms" cannot list resource "secrets" in API group "" at the cluster scope',
      { kind: "secrets" },
      "forbidden",
    ],
    [
      "a right that cannot be given away",
      403,
      "Forbidden",
      'rolebindings.rbac.authorization.k8s.io "x" is forbidden: user "hms" (groups=["system:authenticated"]) is attempting to grant RBAC permissions not currently held:\n{APIGroups:["*"]}',
      { name: "x" },
      "forbidden",
    ],
    [
      "a policy that says Forbidden",
      403,
      "Forbidden",
      "secrets \"x\" is forbidden: ValidatingAdmissionPolicy 'p' with binding 'p' denied request: no",
      { name: "x" },
      "refused",
    ],
    [
      "a policy whose words sound like a missing right",
      403,
      "Forbidden",
      `secrets "x" is forbidden: ValidatingAdmissionPolicy 'p' with binding 'p' denied request: User "hms" cannot do that`,
      { name: "x" },
      "refused",
    ],
    [
      "a policy that says Invalid",
      422,
      "Invalid",
      "secrets \"x\" is forbidden: ValidatingAdmissionPolicy 'p' with binding 'p' denied request: no",
      {},
      "refused",
    ],
    ["a webhook", 403, "Forbidden", 'admission webhook "x.y" denied the request: no', {}, "refused"],
    ["a webhook that gives 400", 400, "", 'admission webhook "x.y" denied the request: no', {}, "refused"],
    [
      "Pod Security",
      403,
      "Forbidden",
      'pods "x" is forbidden: violates PodSecurity "restricted:latest": …',
      { name: "x" },
      "refused",
    ],
    ["quota", 403, "Forbidden", 'pods "x" is forbidden: exceeded quota: q, requested: pods=1', {}, "refused"],
    [
      "a namespace that goes away",
      403,
      "Forbidden",
      'secrets "x" is forbidden: unable to create new content in namespace ns because it is being terminated',
      { name: "x", causes: [{ reason: "NamespaceTerminating", message: "…", field: "metadata.namespace" }] },
      "conflict",
    ],
    [
      "a namespace that is not there",
      404,
      "NotFound",
      'namespaces "ns" not found',
      { name: "ns", kind: "namespaces" },
      "conflict",
    ],
    ["an unknown subresource", 404, "NotFound", "the server could not find the requested resource", {}, "no-such-kind"],
    ["another manager", 409, "Conflict", 'Apply failed with 1 conflict: conflict with "x": .a', {}, "conflict"],
    ["a schema", 500, "", "failed to create typed patch object (ns/x; /v1, Kind=Secret): .a: field", {}, "refused"],
    ["a conversion", 500, "", "failed to convert new object (ns/x; /v1, Kind=Secret) to proper", {}, "refused"],
    ["a webhook that is away", 500, "InternalError", "failed calling webhook: connection refused", {}, "unavailable"],
    ["a bad request", 400, "BadRequest", "bad", {}, "refused"],
    ["a method that is not allowed", 405, "MethodNotAllowed", "no", {}, "refused"],
    ["too large", 413, "RequestEntityTooLarge", "etcdserver: request is too large", {}, "refused"],
    ["another media type", 415, "UnsupportedMediaType", "no", {}, "refused"],
    ["too many requests", 429, "TooManyRequests", "too many", {}, "unavailable"],
    ["a start that is not finished", 503, "ServiceUnavailable", "not yet", {}, "unavailable"],
    ["a slow store", 504, "Timeout", "etcd", {}, "unavailable"],
    ["a past that is forgotten", 410, "Expired", "too old", {}, "unavailable"],
    ["a redirect", 302, "", "elsewhere", {}, "unavailable"],
    ["a teapot", 418, "", "tea", {}, "unavailable"],
  ])("%s", (_what, status, reason, message, details, fault) => {
    const error = of(status, reason, message, details);
    expect(error).toMatchObject({ fault, status, cluster: "bed" });
    expect(error.message).toContain(message);
  });

  test.each<[number, ClusterFault]>([
    [403, "forbidden"],
    [404, "no-such-kind"],
    [500, "unavailable"],
    [502, "unavailable"],
  ])("of HTTP %i from what is no API server nothing is believed", (status, fault) => {
    for (const body of [undefined, null, 1, "404 page not found", [], {}, { kind: "Status" }])
      expect(toClusterError("bed", status, statusIn(body))).toMatchObject({ fault });
  });
});

test("who owns what is said where only the details say so", () => {
  const cause = { reason: "FieldManagerConflict", message: 'conflict with "argocd"', field: ".spec.replicas" };
  expect(of(409, "Conflict", "Apply failed", { causes: [cause] }).message).toBe(
    'Apply failed; .spec.replicas: conflict with "argocd"',
  );
});

test("a message has an end, whatever the server says", () => {
  expect(of(422, "Invalid", "x".repeat(100_000)).message).toHaveLength(1_000);
});
