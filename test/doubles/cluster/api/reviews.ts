import { type AccessControl, type User, userNamed } from "./access.ts";
import { at, copy, fieldsOf, numberAt, type Stored, textAt, timestamp } from "./fields.ts";
import type { ApiRequest, ApiResponse } from "./request.ts";
import { badRequest } from "./status.ts";

/** Questions that are asked by creating an object that nobody keeps; undefined where the address is none of them. */
export function review({ method, path, body, user }: ApiRequest, access: AccessControl): ApiResponse | undefined {
  if (method !== "POST") return undefined;
  switch (path) {
    case "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews":
      return { status: 201, body: accessReview(body, user, access) };
    case "/apis/authentication.k8s.io/v1/selfsubjectreviews":
      return {
        status: 201,
        body: {
          kind: "SelfSubjectReview",
          apiVersion: "authentication.k8s.io/v1",
          metadata: { creationTimestamp: timestamp() },
          status: { userInfo: { username: user.name, groups: user.groups } },
        },
      };
    default:
      return undefined;
  }
}

function accessReview(body: unknown, user: User, access: AccessControl): object {
  const asked = at(body, "spec", "resourceAttributes");
  const path = at(body, "spec", "nonResourceAttributes");
  if (!asked && !path)
    throw badRequest(
      "spec.resourceAttributes: exactly one of nonResourceAttributes or resourceAttributes must be specified",
    );
  const subresource = textAt(asked, "subresource");
  const resource = textAt(asked, "resource") + (subresource ? `/${subresource}` : "");
  const allowed =
    asked !== undefined &&
    access.may(user, {
      verb: textAt(asked, "verb"),
      group: textAt(asked, "group"),
      resource,
      namespace: textAt(asked, "namespace"),
      name: textAt(asked, "name"),
    });
  return {
    kind: "SelfSubjectAccessReview",
    apiVersion: "authorization.k8s.io/v1",
    metadata: {},
    spec: at(body, "spec"),
    status: { allowed, ...(allowed ? { reason: "RBAC: allowed by a role" } : {}) },
  };
}

/** https://kubernetes.io/docs/reference/kubernetes-api/authentication-resources/token-request-v1/ */
export function requestToken(account: Stored, body: unknown, access: AccessControl): object {
  const { name, namespace } = account.metadata;
  const expirationSeconds = numberAt(body, "spec", "expirationSeconds") ?? 3600;
  return {
    kind: "TokenRequest",
    apiVersion: "authentication.k8s.io/v1",
    metadata: { name, namespace, creationTimestamp: timestamp() },
    spec: { ...fieldsOf(at(body, "spec")), expirationSeconds },
    status: {
      token: access.issueToken(userNamed(`system:serviceaccount:${namespace}:${name}`)),
      expirationTimestamp: timestamp(Date.now() + expirationSeconds * 1000),
    },
  };
}

/** An object as its `scale` shows it: https://kubernetes.io/docs/reference/kubernetes-api/autoscaling-resources/scale-v1/ */
export function scaleOf(object: Stored): Stored {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata;
  const labels = Object.entries(fieldsOf(at(object, "spec", "selector", "matchLabels")));
  return {
    kind: "Scale",
    apiVersion: "autoscaling/v1",
    metadata: {
      name,
      ...(namespace && { namespace }),
      ...(uid && { uid }),
      ...(resourceVersion && { resourceVersion }),
      ...(creationTimestamp && { creationTimestamp }),
    },
    spec: { replicas: numberAt(object, "spec", "replicas") ?? 0 },
    status: {
      replicas: numberAt(object, "status", "replicas") ?? 0,
      selector: labels.map(([label, value]) => `${label}=${value}`).join(","),
    },
  };
}

/** The object with the replicas that a Scale asks for. */
export function withScale(object: Stored, scale: unknown): Stored {
  const replicas = numberAt(scale, "spec", "replicas") ?? 0;
  return { ...copy(object), spec: { ...fieldsOf(object.spec), replicas } };
}
