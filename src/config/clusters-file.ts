import { accessSync, constants, readFileSync } from "node:fs";
import { parse } from "yaml";
import { z } from "zod";
import { clusterScans } from "./cluster-scans.ts";
import type { Inventory, InventoryCluster } from "./clusters.ts";

/** Where previews may run, and how the clusters are reached. */
export interface Clusters {
  inventory: Inventory;
  /** Absent: only with the service account of the pod. */
  kubeconfigPath?: string;
}

const BYTES_MAX = 1_000_000;
const IN_CLUSTER = "in-cluster";
/** Where most ingress controllers run. Empty labels would let every namespace in. */
const INGRESS_LABELS = { "kubernetes.io/metadata.name": "ingress-nginx" };

const lower = (text: string) => text.toLowerCase();
const repository = z
  .string()
  .regex(/^[\w.-]{1,100}\/[\w.-]{1,100}$/, "must be owner/name")
  .transform(lower);
const repositories = z
  .array(
    z
      .string()
      .regex(/^[\w.-]{1,100}\/(?:[\w.-]{1,100}|\*)$/, "must be owner/name or owner/*")
      .transform(lower),
  )
  .max(10_000);
const clusterName = z.string().regex(/^[A-Za-z0-9][\w.:/@-]{0,252}$/, "must be the name of a cluster in Argo CD");
const dnsLabel = z.string().regex(/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/, "must be the name of a namespace");
const word = z.string().regex(/^[\w.-]{1,100}$/, "must be a word of letters, digits and ._-");
const labelKey = z
  .string()
  .regex(/^(?:[a-z0-9][a-z0-9.-]{0,252}\/)?[A-Za-z0-9](?:[\w.-]{0,61}[A-Za-z0-9])?$/, "must be the key of a label");
const labelValue = z.string().regex(/^(?:[A-Za-z0-9](?:[\w.-]{0,61}[A-Za-z0-9])?)?$/, "must be the value of a label");
const labels = z.record(labelKey, labelValue).refine((given) => Object.keys(given).length > 0, {
  error: "must name a label: without one every namespace is meant",
});
const host = z
  .string()
  .transform(lower)
  .refine((text) => text.length <= 253 && /^(?:\*\.)?[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63})+$/.test(text), {
    error: "must be a host such as shop.acme.dev or *.preview.acme.dev",
  });

/** A text of this file never is a secret: it says where one is. */
const reference = z
  .string()
  .regex(/^(?:env:[A-Za-z_][A-Za-z0-9_]{0,99}|file:(?!\.|.*\/\.)[\w.-]+(?:\/[\w.-]+){0,5})$/, {
    error: "must be env:NAME or file:NAME, never the secret itself",
  });
const registry = z
  .string()
  .transform(lower)
  .refine((text) => /^[a-z0-9](?:[a-z0-9.-]{0,252})?(?::\d{1,5})?$/.test(text), {
    error: "must be a host of a registry",
  });
const account = { username: reference, password: reference };

/** Kinds by which a preview would get out of its namespace, or out of what holds it there. */
const NEVER_EXTRA = [
  /\.?rbac\.authorization\.k8s\.io\//,
  /^(?:admissionregistration|apiextensions|apiregistration|authentication|authorization|certificates)\.k8s\.io\//,
  /^argoproj\.io\/(?:Application|ApplicationSet|AppProject)$/,
  /^\/(?:Namespace|Node|PersistentVolume|ResourceQuota|LimitRange|ServiceAccount)$/,
  /^networking\.k8s\.io\/NetworkPolicy$/,
];

const cluster = z
  .strictObject({
    name: clusterName,
    context: z.string().min(1).max(253).optional(),
    in_cluster: z.boolean().optional(),
    repositories: repositories.optional(),
    provider: word.optional(),
    region: word.optional(),
    cost_per_hour: z.number().min(0).optional(),
    latency_ms: z.record(word, z.number().min(0)).default({}),
    capacity: z.int().min(1).optional(),
    ingress_namespace_labels: labels.default(INGRESS_LABELS),
    forbidden_cidrs: z
      .array(z.union([z.cidrv4(), z.cidrv6()], { error: "must be a range such as 10.0.0.0/16" }))
      .default([]),
    scans: clusterScans.optional(),
  })
  .refine((one) => !(one.in_cluster && one.context !== undefined), {
    error: "has in_cluster and a context: one of them",
  });

const file = z.strictObject({
  version: z.literal(1),
  argocd: z
    .strictObject({ cluster: clusterName.default(IN_CLUSTER), namespace: dnsLabel.default("argocd") })
    .default({ cluster: IN_CLUSTER, namespace: "argocd" }),
  clusters: z.array(cluster).min(1).max(500),
  retired: z.array(clusterName).max(500).default([]),
  deploy_repositories: z.array(z.strictObject({ repository, used_by: repositories })).default([]),
  helm_repositories: z
    .array(z.string().regex(/^(?:https|oci):\/\/[^\s@?#]{3,500}$/, "must be an https: or oci: address without a user"))
    .default([]),
  extra_kinds: z
    .array(
      z
        .strictObject({
          group: z
            .string()
            .regex(
              /^(?:[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63})+|apps|batch|autoscaling|policy)?$/,
              "must be an API group",
            ),
          kind: z.string().regex(/^[A-Z][A-Za-z0-9]{0,62}$/, "must be a kind such as PostgreSQLInstance"),
        })
        .refine(({ group, kind }) => !NEVER_EXTRA.some((one) => one.test(`${group}/${kind}`)), {
          error: "must not be a kind by which a preview gets out of its namespace",
        }),
    )
    .default([]),
  hosts: z.array(host).default([]),
  credentials: z
    .array(
      z.strictObject({
        repositories,
        git: z.strictObject(account).optional(),
        images: z.array(z.strictObject({ registry, ...account })).optional(),
      }),
    )
    .max(10_000)
    .default([]),
});

/**
 * What `HMS_CLUSTERS` and `KUBECONFIG` say together: a kubeconfig alone stands for one cluster, the one of its current context, with Argo CD in it.
 * Undefined where neither is given. Problems are whole sentences and never quote a value.
 *
 * @param given variables that are not empty
 * @param context `reserved`: variables of ours, which no reference may hand to others
 */
export function readClusters(
  given: Readonly<Record<string, string>>,
  context: {
    environment: Readonly<Record<string, string | undefined>>;
    secretsDirectory: string | undefined;
    reserved: readonly string[];
  },
): { clusters: Clusters } | { problems: string[] } | undefined {
  const { KUBECONFIG: kubeconfigPath, HMS_CLUSTERS: path } = given;
  if (kubeconfigPath === undefined && path === undefined) return undefined;
  const problems = kubeconfigPath === undefined ? [] : kubeconfigProblems(kubeconfigPath);
  const read = path === undefined ? { inventory: ofKubeconfig() } : readInventory(path, context);
  if ("problems" in read) return { problems: [...problems, ...read.problems.map((text) => `HMS_CLUSTERS: ${text}.`)] };
  const lost = kubeconfigPath === undefined ? read.inventory.clusters.filter((one) => !one.inCluster) : [];
  problems.push(...lost.map(({ name }) => `HMS_CLUSTERS: the cluster ${name} needs KUBECONFIG or in_cluster: true.`));
  if (problems.length > 0) return { problems };
  return { clusters: { inventory: read.inventory, ...(kubeconfigPath === undefined ? {} : { kubeconfigPath }) } };
}

function kubeconfigProblems(path: string): string[] {
  try {
    accessSync(path, constants.R_OK);
    return [];
  } catch (error) {
    const { code = "unknown" } = error as NodeJS.ErrnoException;
    return [
      `KUBECONFIG: the file cannot be read (${code}); it must name one file. Example: KUBECONFIG=/etc/hms/kubeconfig`,
    ];
  }
}

/** The operator's file alone. Problems complete the sentence "HMS_CLUSTERS: …". */
function readInventory(
  path: string,
  context: Parameters<typeof readClusters>[1],
): { inventory: Inventory } | { problems: string[] } {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    return { problems: [`the file cannot be read (${(error as NodeJS.ErrnoException).code ?? "unknown"})`] };
  }
  if (text.length > BYTES_MAX) return { problems: [`the file has more than ${BYTES_MAX} characters`] };
  let value: unknown;
  try {
    value = parse(text, { maxAliasCount: 0 });
  } catch {
    return { problems: ["the file is not YAML without aliases"] };
  }
  const parsed = file.safeParse(value);
  if (!parsed.success)
    return { problems: parsed.error.issues.map((issue) => `${issue.path.join(".") || "the file"}: ${issue.message}`) };
  const problems = [...contradictions(parsed.data), ...unresolvable(parsed.data, context)];
  return problems.length > 0 ? { problems } : { inventory: inventoryOf(parsed.data) };
}

type File = z.infer<typeof file>;

function contradictions({ clusters, argocd, retired }: File): string[] {
  const names = clusters.map(({ name }) => name);
  const twice = new Set(names.filter((name, index) => names.indexOf(name) !== index));
  const problems = [...twice].map((name) => `two clusters have the name ${name}`);
  problems.push(
    ...retired.filter((name) => names.includes(name)).map((name) => `${name} is among clusters and retired`),
  );
  if (!names.includes(argocd.cluster))
    problems.push(
      `argocd.cluster: there is no cluster ${argocd.cluster}; with \`repositories: []\` it can be listed without previews on it`,
    );
  return problems;
}

function unresolvable(
  { credentials }: File,
  { environment, secretsDirectory, reserved }: Parameters<typeof readClusters>[1],
): string[] {
  const references = credentials.flatMap(({ git, images = [] }, index) =>
    [...(git ? [["git", git] as const] : []), ...images.map((image, at) => [`images.${at}`, image] as const)].flatMap(
      ([where, { username, password }]) => [
        { at: `credentials.${index}.${where}.username`, text: username },
        { at: `credentials.${index}.${where}.password`, text: password },
      ],
    ),
  );
  return references.flatMap(({ at, text }) => {
    if (text.startsWith("file:"))
      return secretsDirectory === undefined ? [`${at}: a file needs HMS_SECRETS_URL=file:DIRECTORY`] : [];
    const name = text.slice("env:".length);
    if (reserved.includes(name)) return [`${at}: ${name} is HMS-SYS's own and nobody else's`];
    return (environment[name] ?? "") === "" ? [`${at}: the variable ${name} is not set`] : [];
  });
}

function inventoryOf(given: File): Inventory {
  return {
    argocd: given.argocd,
    clusters: given.clusters.map(clusterOf),
    retired: given.retired,
    deployRepositories: given.deploy_repositories.map(({ repository, used_by }) => ({ repository, usedBy: used_by })),
    helmRepositories: given.helm_repositories,
    extraKinds: given.extra_kinds,
    hosts: given.hosts,
    credentials: given.credentials.map(({ repositories, git, images }) => ({
      repositories,
      ...(git ? { git } : {}),
      ...(images ? { images } : {}),
    })),
  };
}

function clusterOf(one: File["clusters"][number]): InventoryCluster {
  const { name, context, repositories, provider, region, capacity, cost_per_hour: costPerHour } = one;
  return {
    name,
    ...(context === undefined ? {} : { context }),
    ...(one.in_cluster ? { inCluster: true as const } : {}),
    ...(repositories === undefined ? {} : { repositories }),
    ...(provider === undefined ? {} : { provider }),
    ...(region === undefined ? {} : { region }),
    ...(costPerHour === undefined ? {} : { costPerHour }),
    ...(capacity === undefined ? {} : { capacity }),
    latencyMs: one.latency_ms,
    ingressNamespaceLabels: one.ingress_namespace_labels,
    forbiddenCidrs: one.forbidden_cidrs,
    ...(one.scans === undefined ? {} : { scans: one.scans }),
  };
}

function ofKubeconfig(): Inventory {
  return inventoryOf(file.parse({ version: 1, clusters: [{ name: IN_CLUSTER }] }));
}
