import { Agent, request } from "node:https";
import type { KubeObject } from "../../../src/model/kubernetes.ts";

export interface Answer {
  status: number;
  /** What the API server says of a refusal; empty otherwise. */
  message: string;
  body: KubeObject & { status?: Record<string, unknown>; items?: KubeObject[] };
}

/** The API as one user sees it, in whose name the administrator asks. */
export interface Asker {
  ask(method: string, path: string, body?: unknown, contentType?: string): Promise<Answer>;
  create(object: KubeObject, subresource?: string): Promise<Answer>;
  /** Server-side apply, as HMS-SYS writes. */
  apply(object: KubeObject): Promise<Answer>;
  merge(object: KubeObject, patch: unknown, subresource?: string): Promise<Answer>;
  remove(object: KubeObject): Promise<Answer>;
  read(object: KubeObject): Promise<Answer>;
}

export const RBAC = "rbac.authorization.k8s.io";
/** What the API server says where RBAC gives no right. */
export const NO_RIGHT = /cannot (create|patch|delete|deletecollection|get|list|update) resource/;

const SCOPELESS = new Set(["Namespace", "ClusterRole", "ClusterRoleBinding", "ValidatingAdmissionPolicyBinding"]);

function collection({ apiVersion, kind, metadata }: KubeObject): string {
  const base = apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  const plural = kind.toLowerCase().replace(/ss$/, "sse").replace(/y$/, "ie").replace(/s?$/, "s");
  return SCOPELESS.has(kind) ? `${base}/${plural}` : `${base}/namespaces/${metadata.namespace}/${plural}`;
}

export interface Ground {
  apiServer: string;
  /** PEM. */
  ca: string;
  adminToken: string;
}

/** Asks as `user`, or as the administrator where none is named. */
export function askerOf(ground: Ground, user?: string): Asker {
  const agent = new Agent({ keepAlive: true, ca: ground.ca });

  function ask(method: string, path: string, body?: unknown, contentType = "application/json"): Promise<Answer> {
    const headers = {
      authorization: `Bearer ${ground.adminToken}`,
      accept: "application/json",
      ...(user === undefined ? {} : { "impersonate-user": user }),
      ...(body === undefined ? {} : { "content-type": contentType }),
    };
    return new Promise((resolve, reject) => {
      const sent = request(`${ground.apiServer}${path}`, { method, headers, agent }, (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("error", reject);
        response.on("end", () => {
          const text = Buffer.concat(chunks).toString();
          const status = response.statusCode ?? 0;
          const json = text.startsWith("{") ? JSON.parse(text) : {};
          resolve({ status, message: status < 400 ? "" : String(json.message ?? text), body: json });
        });
      });
      sent.on("error", reject);
      sent.end(body === undefined ? undefined : JSON.stringify(body));
    });
  }

  const at = (object: KubeObject, subresource?: string) =>
    `${collection(object)}/${object.metadata.name}${subresource === undefined ? "" : `/${subresource}`}`;
  return {
    ask,
    create: (object, subresource) =>
      ask("POST", subresource === undefined ? collection(object) : at(object, subresource), object),
    apply: (object) =>
      ask("PATCH", `${at(object)}?fieldManager=hms-sys&force=true`, object, "application/apply-patch+yaml"),
    merge: (object, patch, subresource) => ask("PATCH", at(object, subresource), patch, "application/merge-patch+json"),
    remove: (object) => ask("DELETE", at(object)),
    read: (object) => ask("GET", at(object)),
  };
}
