import { randomBytes } from "node:crypto";
import { mkdir, symlink } from "node:fs/promises";
import { join } from "node:path";
import type { KubeObject } from "../../../src/model/kubernetes.ts";
import { freePort } from "../../stage/free-port.ts";
import { ensureTool, redisServer, toolSource } from "../tools.ts";
import type { Access } from "./api.ts";
import type { ControlPlane } from "./control-plane.ts";
import { writeKubeconfig } from "./kubeconfig.ts";
import { objectsIn } from "./manifests.ts";
import { type Programs, until } from "./programs.ts";
import { serviceAccountAccess } from "./service-accounts.ts";

export const ARGOCD_NAMESPACE = "argocd";
/** As in most installations; here by a cluster Secret, because `https://kubernetes.default.svc` is nothing outside a pod. */
export const CLUSTER_NAME = "in-cluster";
const labels = { "app.kubernetes.io/part-of": "argocd" };

/**
 * Of Argo CD's own manifests, what its controllers may do, and the Deployment that HMS-SYS reads to know how ApplicationSets are handled
 * (KWOK pretends to run it; the controller that works is a process of the bed).
 */
const FROM_MANIFESTS = [
  "base/application-controller-roles",
  "base/applicationset-controller/argocd-applicationset-controller-sa.yaml",
  "base/applicationset-controller/argocd-applicationset-controller-role.yaml",
  "base/applicationset-controller/argocd-applicationset-controller-rolebinding.yaml",
  "base/applicationset-controller/argocd-applicationset-controller-deployment.yaml",
  "cluster-rbac/application-controller",
  "cluster-rbac/applicationset-controller",
];

/** Redis, and Argo CD's repository server, ApplicationSet controller and application controller: all that previews need of it. */
export async function startArgoCd(programs: Programs, directory: string, plane: ControlPlane): Promise<void> {
  const manifests = join(await toolSource("argocd"), "manifests");
  const { api, admin } = plane;
  await api.apply(await objectsIn(join(manifests, "crds")));
  for (const path of FROM_MANIFESTS) await api.apply(await objectsIn(join(manifests, path)), ARGOCD_NAMESPACE);
  await api.apply(
    [...(await objectsIn(join(manifests, "base/config/argocd-cm.yaml"))).map(configured), ...settings()],
    ARGOCD_NAMESPACE,
  );
  await api.apply(clusterSecret(await managerAccess(plane)), ARGOCD_NAMESPACE);

  // A controller that starts before its kinds are served does not look again for a while.
  await until(async () => {
    const path = "/apis/argoproj.io/v1alpha1";
    const { resources } = await api.call<{ resources: { name: string }[] }>("GET", path);
    return ["applications", "applicationsets", "appprojects"].every((name) => resources.some((it) => it.name === name));
  }, 60_000);

  const redis = await startRedis(programs);
  const binary = await ensureTool("argocd");
  const bin = join(directory, "bin");
  await mkdir(bin);
  for (const role of ["", "-repo-server", "-applicationset-controller", "-application-controller"])
    await symlink(binary, join(bin, `argocd${role}`));
  for (const renderer of ["kustomize", "helm"] as const) await symlink(await ensureTool(renderer), join(bin, renderer));
  const folder = async (name: string) => {
    await mkdir(join(directory, name), { recursive: true });
    return join(directory, name);
  };
  const env = {
    // Argo CD asks itself for a password when git wants one: under the name `argocd`.
    PATH: `${bin}:${process.env.PATH}`,
    ARGOCD_GPG_ENABLED: "false",
    ARGOCD_SSH_DATA_PATH: await folder("argo-cd-ssh"),
    ARGOCD_TLS_DATA_PATH: await folder("argo-cd-tls"),
    ARGOCD_PLUGINSOCKFILEPATH: await folder("argo-cd-plugins"),
    ARGOCD_ASK_PASS_SOCK: join(directory, "ask-pass.sock"),
    NO_PROXY: "127.0.0.1,localhost",
  };
  const port = await freePort();
  const metrics = await freePort();
  const answers = (url: string) => async () => (await fetch(url)).ok;
  const repoServer = programs.start({
    name: "argocd-repo-server",
    binary: join(bin, "argocd-repo-server"),
    args: [
      "--address=127.0.0.1",
      `--port=${port}`,
      "--metrics-address=127.0.0.1",
      `--metrics-port=${metrics}`,
      "--disable-tls",
      `--redis=${redis}`,
      "--parallelismlimit=4",
      "--loglevel=warn",
    ],
    env,
    isReady: answers(`http://127.0.0.1:${metrics}/healthz?full=true`),
  });

  const kubeconfig = async (name: string) =>
    writeKubeconfig(
      join(directory, `${name}.kubeconfig`),
      await serviceAccountAccess(api, admin, { namespace: ARGOCD_NAMESPACE, name }),
      ARGOCD_NAMESPACE,
    );
  const setsKubeconfig = await kubeconfig("argocd-applicationset-controller");
  const setsMetrics = await freePort();
  const sets = programs.start({
    name: "argocd-applicationset-controller",
    binary: join(bin, "argocd-applicationset-controller"),
    args: [
      `--kubeconfig=${setsKubeconfig}`,
      `--namespace=${ARGOCD_NAMESPACE}`,
      `--argocd-repo-server=127.0.0.1:${port}`,
      "--repo-server-plaintext",
      `--metrics-addr=127.0.0.1:${setsMetrics}`,
      `--probe-addr=127.0.0.1:${await freePort()}`,
      `--webhook-addr=127.0.0.1:${await freePort()}`,
      "--loglevel=warn",
    ],
    // Its flag is not read by all of it.
    env: { ...env, KUBECONFIG: setsKubeconfig },
    isReady: answers(`http://127.0.0.1:${setsMetrics}/metrics`),
  });
  const controllerMetrics = await freePort();
  const controller = programs.start({
    name: "argocd-application-controller",
    binary: join(bin, "argocd-application-controller"),
    args: [
      `--kubeconfig=${await kubeconfig("argocd-application-controller")}`,
      `--namespace=${ARGOCD_NAMESPACE}`,
      `--repo-server=127.0.0.1:${port}`,
      "--repo-server-plaintext",
      `--redis=${redis}`,
      `--metrics-port=${controllerMetrics}`,
      // `timeout.reconciliation` of argocd-cm reaches it through an environment that only its Deployment sets.
      "--app-resync=60",
      "--app-resync-jitter=0",
      "--app-hard-resync=0",
      "--loglevel=warn",
    ],
    env,
    isReady: answers(`http://127.0.0.1:${controllerMetrics}/healthz`),
  });
  await Promise.all([repoServer, sets, controller]);
}

/** What this bed needs beyond what Argo CD ships. What HMS-SYS wants of Argo CD's settings comes from its own manifests. */
function configured(config: KubeObject): KubeObject {
  return { ...config, data: { ...(config.data as Record<string, string>), "cluster.inClusterEnabled": "false" } };
}

function settings(): KubeObject[] {
  return [
    { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "argocd-rbac-cm", labels }, data: {} },
    {
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: "argocd-secret", labels },
      stringData: { "server.secretkey": randomBytes(32).toString("base64") },
    },
  ];
}

/** https://argo-cd.readthedocs.io/en/release-3.2/operator-manual/declarative-setup/#clusters */
function clusterSecret({ server, token, ca }: Access): KubeObject[] {
  return [
    {
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: "cluster-in-cluster", labels: { ...labels, "argocd.argoproj.io/secret-type": "cluster" } },
      stringData: {
        name: CLUSTER_NAME,
        server,
        config: JSON.stringify({
          bearerToken: token,
          tlsClientConfig: { caData: Buffer.from(ca).toString("base64") },
        }),
      },
    },
  ];
}

/** What `argocd cluster add` makes on the destination cluster. */
async function managerAccess({ api, admin }: ControlPlane): Promise<Access> {
  const manager = { namespace: "kube-system", name: "argocd-manager" };
  await api.apply([
    { apiVersion: "v1", kind: "ServiceAccount", metadata: manager },
    {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "ClusterRole",
      metadata: { name: "argocd-manager-role" },
      rules: [
        { apiGroups: ["*"], resources: ["*"], verbs: ["*"] },
        { nonResourceURLs: ["*"], verbs: ["*"] },
      ],
    },
    {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "ClusterRoleBinding",
      metadata: { name: "argocd-manager-role-binding" },
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "argocd-manager-role" },
      subjects: [{ kind: "ServiceAccount", ...manager }],
    },
  ]);
  return serviceAccountAccess(api, admin, manager);
}

/** @returns `host:port` */
async function startRedis(programs: Programs): Promise<string> {
  const port = await freePort();
  await programs.start({
    name: "redis",
    binary: redisServer(),
    args: ["--bind", "127.0.0.1", "--port", String(port), "--save", "", "--appendonly", "no", "--hz", "1"],
  });
  return `127.0.0.1:${port}`;
}
