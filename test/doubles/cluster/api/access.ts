import { randomUUID } from "node:crypto";
import { at, fieldsOf, isFields, listOf, textAt } from "./fields.ts";
import type { Resource, Resources } from "./resources.ts";
import type { Store } from "./store.ts";

export interface User {
  name: string;
  groups: string[];
}

/** What a request is about, as rules of RBAC describe it. */
export interface Access {
  verb: string;
  group: string;
  /** With its subresource: `deployments/scale`. */
  resource: string;
  namespace: string;
  name: string;
}

export const ANONYMOUS: User = { name: "system:anonymous", groups: ["system:unauthenticated"] };
export const ADMIN: User = { name: "admin", groups: ["system:masters", "system:authenticated"] };

/** A user as groups know it: a service account is in the groups of all of them and of its namespace. */
export function userNamed(name: string): User {
  const [, namespace] = /^system:serviceaccount:([^:]+):[^:]+$/.exec(name) ?? [];
  const groups = namespace ? ["system:serviceaccounts", `system:serviceaccounts:${namespace}`] : [];
  return { name, groups: [...groups, "system:authenticated"] };
}

/** Rights that somebody took away, whatever the roles say. */
export type Withdrawal = Partial<Access> & { user?: string };

/** Who asks, and what they may do: bearer tokens, and the roles and bindings of the store (https://kubernetes.io/docs/reference/access-authn-authz/rbac/). */
export class AccessControl {
  readonly #store: Store;
  readonly #resources: Resources;
  readonly #users = new Map<string, User>();
  readonly #withdrawals = new Set<Withdrawal>();

  constructor(store: Store, resources: Resources) {
    this.#store = store;
    this.#resources = resources;
  }

  /** A new token of a user; the old ones hold on. */
  issueToken(user: User): string {
    const token = `token-${randomUUID()}`;
    this.#users.set(token, user);
    return token;
  }

  revokeTokens(userName: string): void {
    for (const [token, { name }] of this.#users) if (name === userName) this.#users.delete(token);
  }

  userOf(token: string): User | undefined {
    return this.#users.get(token);
  }

  /** Takes rights away until the function that it returns is called; a field that is not given stands for all. */
  withdraw(rights: Withdrawal): () => void {
    this.#withdrawals.add(rights);
    return () => this.#withdrawals.delete(rights);
  }

  may(user: User, access: Access): boolean {
    if (user.groups.includes("system:masters")) return true;
    for (const { user: whose, ...rights } of this.#withdrawals) {
      const covers = (Object.keys(rights) as (keyof Access)[]).every((field) => rights[field] === access[field]);
      if (covers && (whose === undefined || whose === user.name)) return false;
    }
    if (isAboutOneself(access)) return user.groups.includes("system:authenticated");
    return this.rulesOf(user, access.namespace).some((rule) => allows(rule, access));
  }

  /** All rules that hold for a user, in a namespace or, with "", in all. */
  rulesOf(user: User, namespace: string): unknown[] {
    const bindings = [
      ...this.#store.list(this.#resources.builtIn("clusterrolebindings")),
      ...(namespace ? this.#store.list(this.#resources.builtIn("rolebindings"), namespace) : []),
    ];
    return bindings
      .filter((binding) => listOf(binding.subjects).some((subject) => isSubject(subject, user)))
      .flatMap((binding) => this.rulesOfRole(binding.roleRef, namespace));
  }

  rulesOfRole(roleRef: unknown, namespace: string): unknown[] {
    const plural = textAt(roleRef, "kind") === "ClusterRole" ? "clusterroles" : "roles";
    const role = this.#store.get(
      this.#resources.builtIn(plural),
      plural === "roles" ? namespace : "",
      textAt(roleRef, "name"),
    );
    return listOf(role?.rules);
  }
}

export function accessTo(
  resource: Resource,
  subresource: string,
  verb: string,
  namespace: string,
  name: string,
): Access {
  const path = subresource ? `${resource.plural}/${subresource}` : resource.plural;
  return { verb, group: resource.group, resource: path, namespace, name };
}

function isAboutOneself({ group, resource, verb }: Access): boolean {
  return verb === "create" && group.endsWith(".k8s.io") && /^selfsubject/.test(resource);
}

function isSubject(subject: unknown, user: User): boolean {
  const name = textAt(subject, "name");
  switch (textAt(subject, "kind")) {
    case "User":
      return name === user.name;
    case "Group":
      return user.groups.includes(name);
    case "ServiceAccount":
      return user.name === `system:serviceaccount:${textAt(subject, "namespace")}:${name}`;
    default:
      return false;
  }
}

function allows(rule: unknown, { verb, group, resource, name }: Access): boolean {
  const has = (field: string, value: string) => {
    const list = listOf(at(rule, field));
    return list.includes(value) || list.includes("*");
  };
  const [, subresource] = resource.split("/");
  const names = listOf(at(rule, "resourceNames"));
  return (
    isFields(rule) &&
    has("verbs", verb) &&
    has("apiGroups", group) &&
    (has("resources", resource) ||
      (subresource !== undefined && listOf(fieldsOf(rule).resources).includes(`*/${subresource}`))) &&
    (names.length === 0 || names.includes(name))
  );
}
