import { Agent, request } from "node:https";
import type { KubeObject } from "../../../src/model/kubernetes.ts";

/** Where an API server is and who we are there. */
export interface Access {
  server: string;
  /** PEM. */
  ca: string;
  token: string;
}

export interface Api {
  /** @throws {ApiError} */
  call<T = KubeObject>(method: string, path: string, body?: unknown, contentType?: string): Promise<T>;
  /**
   * Server-side apply, one after the other; what is there already is made so.
   * @param namespace of objects that name none; `default`
   * @param manager owns the fields; `bed`
   */
  apply(objects: readonly KubeObject[], namespace?: string, manager?: string): Promise<void>;
  /** The path of a kind's collection, or of an object. */
  path(object: { apiVersion: string; kind: string; metadata: { name?: string; namespace?: string } }): Promise<string>;
  close(): void;
}

export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

type Resource = { name: string; kind: string; namespaced: boolean };

/** A plain client of the Kubernetes API for tests, apart from the one under test. */
export function openApi(access: Access): Api {
  const agent = new Agent({ keepAlive: true, ca: access.ca });
  const kinds = new Map<string, Resource[]>();

  function call<T>(method: string, path: string, body?: unknown, contentType = "application/json"): Promise<T> {
    return new Promise((resolve, reject) => {
      const text = body === undefined ? undefined : JSON.stringify(body);
      const headers = {
        authorization: `Bearer ${access.token}`,
        accept: "application/json",
        // Node tells no length of a DELETE's body, and what follows on the connection is taken for it.
        ...(text === undefined ? {} : { "content-type": contentType, "content-length": Buffer.byteLength(text) }),
      };
      const sent = request(`${access.server}${path}`, { method, headers, agent }, (response) => {
        let answer = "";
        response.setEncoding("utf8");
        response.on("data", (chunk: string) => {
          answer += chunk;
        });
        response.on("error", reject);
        response.on("end", () => {
          const status = response.statusCode ?? 0;
          if (status >= 400)
            return reject(new ApiError(status, `${method} ${path}: ${status} ${answer.slice(0, 2_000)}`));
          resolve((answer.startsWith("{") ? JSON.parse(answer) : answer) as T);
        });
      });
      sent.on("error", reject);
      sent.end(text);
    });
  }

  async function resource(apiVersion: string, kind: string): Promise<Resource> {
    for (const fresh of [false, true]) {
      if (fresh || !kinds.has(apiVersion)) {
        const at = apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
        kinds.set(apiVersion, (await call<{ resources: Resource[] }>("GET", at)).resources);
      }
      const found = kinds.get(apiVersion)?.find((entry) => entry.kind === kind && !entry.name.includes("/"));
      if (found) return found;
    }
    throw new Error(`the API server knows no ${apiVersion} ${kind}`);
  }

  const api: Api = {
    call,
    async path({ apiVersion, kind, metadata }) {
      const { name, namespaced } = await resource(apiVersion, kind);
      const base = apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
      const scope = namespaced && metadata.namespace !== undefined ? `/namespaces/${metadata.namespace}` : "";
      return `${base}${scope}/${name}${metadata.name === undefined ? "" : `/${metadata.name}`}`;
    },
    async apply(objects, namespace = "default", manager = "bed") {
      for (const object of objects) {
        const { namespaced } = await resource(object.apiVersion, object.kind);
        const metadata = namespaced ? { namespace, ...object.metadata } : object.metadata;
        const path = await api.path({ ...object, metadata });
        await call(
          "PATCH",
          `${path}?fieldManager=${manager}&force=true`,
          { ...object, metadata },
          "application/apply-patch+yaml",
        );
      }
    },
    close: () => agent.destroy(),
  };
  return api;
}
