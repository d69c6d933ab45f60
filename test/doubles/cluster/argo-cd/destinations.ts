import type { User } from "../api/access.ts";
import { userNamed } from "../api/access.ts";
import type { Api } from "../api/api.ts";
import { at, listOf, type Stored, textAt } from "../api/fields.ts";
import { LocalClient } from "../controllers/local-client.ts";
import type { Credentials } from "./git-sources.ts";
import type { Manifest } from "./manifests.ts";

/** The API servers of this process, by their address: how Argo CD reaches the clusters that its Secrets name. */
export const running = new Map<string, Api>();

const IN_CLUSTER = "https://kubernetes.default.svc";
const SECRET_TYPE = "argocd.argoproj.io/secret-type";

/** A cluster that Argo CD deploys to. */
export interface Destination {
  name: string;
  server: string;
  api: Api;
}

/** What Argo CD reads of its own namespace. */
export class Hub {
  readonly api: Api;
  readonly namespace: string;

  constructor(api: Api, namespace: string) {
    this.api = api;
    this.namespace = namespace;
  }

  #secrets(type: string): Stored[] {
    return this.api.store
      .list(this.api.resources.builtIn("secrets"), this.namespace)
      .filter(({ metadata }) => metadata.labels?.[SECRET_TYPE] === type);
  }

  /** Undefined where no cluster Secret is of that name or address. */
  destination(spec: unknown): Destination | undefined {
    const [name, server] = [textAt(spec, "destination", "name"), textAt(spec, "destination", "server")];
    const secret = this.#secrets("cluster").find((one) =>
      name ? secretData(one, "name") === name : secretData(one, "server") === server,
    );
    if (!secret) return undefined;
    const address = secretData(secret, "server");
    const api = address === IN_CLUSTER ? this.api : running.get(address);
    return api && { name: secretData(secret, "name"), server: address, api };
  }

  /** Of the repository Secrets that the project may use. */
  credentials(url: string, project: string): Credentials | undefined {
    const secret = this.#secrets("repository").find(
      (one) => secretData(one, "url") === url && ["", project].includes(secretData(one, "project")),
    );
    const password = secret && secretData(secret, "password");
    return secret && password ? { username: secretData(secret, "username") || "git", password } : undefined;
  }

  project(name: string): Stored | undefined {
    const kind = this.api.resources.at("argoproj.io/v1alpha1", "appprojects");
    return kind && this.api.store.get(kind, this.namespace, name);
  }

  get impersonates(): boolean {
    const config = this.api.store.get(this.api.resources.builtIn("configmaps"), this.namespace, "argocd-cm");
    return textAt(config, "data", "application.sync.impersonation.enabled") === "true";
  }

  /** Who writes for an Application; undefined where its project names nobody for the place. */
  writer(project: Stored | undefined, destination: Destination, namespace: string): User | undefined {
    if (!this.impersonates) return { name: "argocd", groups: ["system:masters", "system:authenticated"] };
    const account = listOf(at(project, "spec", "destinationServiceAccounts")).find(
      (one) => matches(textAt(one, "server"), destination.server) && matches(textAt(one, "namespace"), namespace),
    );
    const name = textAt(account, "defaultServiceAccount");
    if (!name) return undefined;
    const full = name.includes(":") ? name.replace(":", "/") : `${namespace}/${name}`;
    const [where = "", who = ""] = full.split("/");
    return userNamed(`system:serviceaccount:${where}:${who}`);
  }

  clientOf(destination: Destination, user: User): LocalClient {
    return new LocalClient(destination.api, user, "argocd-application-controller");
  }
}

/** A field of a Secret, decoded; "" where it has none. */
export function secretData(secret: Stored, field: string): string {
  return Buffer.from(textAt(secret, "data", field), "base64").toString("utf8");
}

/** `*` stands for anything. */
export function matches(pattern: string, value: string): boolean {
  const parts = pattern.split("*").map((part) => part.replace(/[.+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^${parts.join(".*")}$`, "s").test(value);
}

/** What a project does not let an Application be; empty where all is well. */
export function offences(project: Stored, spec: unknown, destination: Destination): string[] {
  const url = textAt(spec, "source", "repoURL");
  const { name } = project.metadata;
  const namespace = textAt(spec, "destination", "namespace");
  const repositories = listOf(at(project, "spec", "sourceRepos")).map(String);
  return [
    ...(repositories.some((pattern) => matches(pattern, url))
      ? []
      : [`application repo ${url} is not permitted in project '${name}'`]),
    ...(isAllowedPlace(project, destination, namespace)
      ? []
      : [
          `application destination server '${destination.server}' and namespace '${namespace}' do not match any of the allowed destinations in project '${name}'`,
        ]),
  ];
}

export function isAllowedPlace(project: Stored, { name, server }: Destination, namespace: string): boolean {
  return listOf(at(project, "spec", "destinations")).some((allowed) => {
    const byName = textAt(allowed, "name");
    const byServer = textAt(allowed, "server");
    const here = (byServer !== "" && matches(byServer, server)) || (byName !== "" && matches(byName, name));
    return here && matches(textAt(allowed, "namespace"), namespace);
  });
}

/** Whether a project lets objects of a kind be: https://argo-cd.readthedocs.io/en/stable/user-guide/projects/ */
export function isAllowedKind(project: Stored, { apiVersion, kind }: Manifest, namespaced: boolean): boolean {
  const group = apiVersion.includes("/") ? (apiVersion.split("/")[0] ?? "") : "";
  const has = (field: string) =>
    listOf(at(project, "spec", field)).some(
      (entry) => matches(textAt(entry, "group"), group) && matches(textAt(entry, "kind"), kind),
    );
  const isSet = (field: string) => Array.isArray(at(project, "spec", field));
  if (!namespaced) return has("clusterResourceWhitelist") && !has("clusterResourceBlacklist");
  return (
    (!isSet("namespaceResourceWhitelist") || has("namespaceResourceWhitelist")) && !has("namespaceResourceBlacklist")
  );
}
