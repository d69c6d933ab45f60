import { writeFile } from "node:fs/promises";
import { stringify } from "yaml";
import type { Access } from "./api.ts";

/** Writes a kubeconfig with one context, `bed`, readable by us alone. */
export async function writeKubeconfig(path: string, access: Access, namespace = "default"): Promise<string> {
  const config = {
    apiVersion: "v1",
    kind: "Config",
    "current-context": "bed",
    contexts: [{ name: "bed", context: { cluster: "bed", user: "bed", namespace } }],
    clusters: [
      {
        name: "bed",
        cluster: { server: access.server, "certificate-authority-data": Buffer.from(access.ca).toString("base64") },
      },
    ],
    users: [{ name: "bed", user: { token: access.token } }],
  };
  await writeFile(path, stringify(config), { mode: 0o600 });
  return path;
}
