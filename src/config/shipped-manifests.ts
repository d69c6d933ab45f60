import { readdirSync, readFileSync } from "node:fs";
import { parseAllDocuments } from "yaml";
import { z } from "zod";

/** Of CEL, whose blanks kustomize sets anew. */
const expression = z.string().transform((text) => text.replace(/\s+/g, " ").trim());

/** A policy as `manifests/` has it, or as an API server gives it back: https://kubernetes.io/docs/reference/access-authn-authz/validating-admission-policy/ */
export const admissionPolicySchema = z.looseObject({
  kind: z.literal("ValidatingAdmissionPolicy"),
  metadata: z.looseObject({ name: z.string(), labels: z.record(z.string(), z.string()).default({}) }),
  spec: z.looseObject({
    // What the API server fills in where nothing is said.
    failurePolicy: z.string().default("Fail"),
    matchConstraints: z.looseObject({
      matchPolicy: z.string().default("Equivalent"),
      namespaceSelector: z.unknown().default({}),
      objectSelector: z.unknown().default({}),
      resourceRules: z
        .array(
          z.looseObject({
            apiGroups: z.array(z.string()).default([]),
            apiVersions: z.array(z.string()).default([]),
            operations: z.array(z.string()).default([]),
            resources: z.array(z.string()).default([]),
            scope: z.string().default("*"),
          }),
        )
        .default([]),
      excludeResourceRules: z.array(z.unknown()).default([]),
    }),
    matchConditions: z.array(z.looseObject({ expression })).default([]),
    variables: z.array(z.looseObject({ name: z.string(), expression })).default([]),
    validations: z.array(z.looseObject({ expression })).default([]),
  }),
});
export type AdmissionPolicy = z.infer<typeof admissionPolicySchema>;

const rule = z.looseObject({
  apiGroups: z.array(z.string()),
  resources: z.array(z.string()),
  verbs: z.array(z.string()),
  resourceNames: z.array(z.string()).default([]),
});
export const roleSchema = z.looseObject({
  kind: z.enum(["ClusterRole", "Role"]),
  metadata: z.looseObject({ name: z.string() }),
  rules: z
    .array(rule)
    .nullable()
    .default([])
    .transform((rules) => rules ?? []),
});
export type RoleRule = z.infer<typeof rule>;

/** What `manifests/` gives one kind of cluster. */
export interface ShippedManifests {
  policies: AdmissionPolicy[];
  /** What HMS-SYS itself may do there. */
  rules: RoleRule[];
}

const OWN_ROLE = "hms-sys";

/**
 * What is shipped for clusters, so that the doctor can hold a cluster against it: `everywhere` is `manifests/base`, `beside` what comes on top where
 * Argo CD runs.
 */
export function readShippedManifests(): { everywhere: ShippedManifests; beside: ShippedManifests } {
  return {
    everywhere: manifestsIn(["base/admission", "base/rbac"]),
    beside: manifestsIn(["argocd/admission", "argocd"]),
  };
}

function manifestsIn(folders: readonly string[]): ShippedManifests {
  const objects = folders.flatMap((folder) => {
    const root = new URL(`../../manifests/${folder}/`, import.meta.url);
    return readdirSync(root)
      .filter((name) => name.endsWith(".yaml"))
      .flatMap((name) => parseAllDocuments(readFileSync(new URL(name, root), "utf8")))
      .map((document): unknown => document.toJS());
  });
  const read = <T>(schema: z.ZodType<T>): T[] =>
    objects.flatMap((object) => {
      const parsed = schema.safeParse(object);
      return parsed.success ? [parsed.data] : [];
    });
  return {
    policies: read(admissionPolicySchema),
    rules: read(roleSchema)
      .filter(({ metadata }) => metadata.name === OWN_ROLE)
      .flatMap(({ rules }) => rules),
  };
}
