import type { Access, Api } from "./api.ts";

/** A ServiceAccount's access, by a token that the API server made for it. The ServiceAccount must be there. */
export async function serviceAccountAccess(
  api: Api,
  { server, ca }: Access,
  { namespace, name }: { namespace: string; name: string },
): Promise<Access> {
  const { status } = await api.call<{ status: { token: string } }>(
    "POST",
    `/api/v1/namespaces/${namespace}/serviceaccounts/${name}/token`,
    { apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest", spec: { expirationSeconds: 7 * 86_400 } },
  );
  return { server, ca, token: status.token };
}
