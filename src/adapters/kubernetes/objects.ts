import { z } from "zod";
import { KINDS, type KubeObject, type ObjectKind } from "../../model/kubernetes.ts";

/** As much as others rely on; the rest of an object is whatever its kind says. */
const object = z.looseObject({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z.looseObject({
    name: z.string(),
    namespace: z.string().optional(),
    uid: z.string().optional(),
    resourceVersion: z.string().optional(),
    creationTimestamp: z.string().nullish(),
    deletionTimestamp: z.string().optional(),
    labels: z.record(z.string(), z.string()).optional(),
    annotations: z.record(z.string(), z.string()).optional(),
    finalizers: z.array(z.string()).optional(),
    ownerReferences: z
      .array(z.looseObject({ apiVersion: z.string(), kind: z.string(), name: z.string(), uid: z.string() }))
      .optional(),
  }),
});

const page = z.looseObject({
  metadata: z.looseObject({ resourceVersion: z.string(), continue: z.string().optional() }),
  items: z.array(z.looseObject({})).nullable(),
});

/** Undefined where it is no object. Without `managedFields`, which are often larger than the object and nobody's business here. */
export function objectIn(body: unknown): KubeObject | undefined {
  const parsed = object.safeParse(body);
  if (!parsed.success) return undefined;
  const { managedFields: _left, creationTimestamp, ...metadata } = parsed.data.metadata;
  return {
    ...parsed.data,
    metadata: { ...metadata, ...(creationTimestamp ? { creationTimestamp } : {}) },
  } as KubeObject;
}

export interface Page {
  items: KubeObject[];
  resourceVersion: string;
  /** Of the next page, where there is one. */
  next: string | undefined;
}

/** One page of a list; undefined where it is none, or any item is no object. Items of built-in kinds do not say what they are. */
export function pageIn(body: unknown, { apiVersion, kind }: ObjectKind): Page | undefined {
  const parsed = page.safeParse(body);
  if (!parsed.success) return undefined;
  const items = (parsed.data.items ?? []).map((item) => objectIn({ apiVersion, kind, ...item }));
  if (!items.every((item) => item !== undefined)) return undefined;
  const { resourceVersion, continue: next } = parsed.data.metadata;
  return { items, resourceVersion, next: next || undefined };
}

/** The kind of an object that HMS-SYS writes; undefined where it is none of those. */
export function kindOf({ apiVersion, kind }: Pick<KubeObject, "apiVersion" | "kind">): ObjectKind | undefined {
  return Object.values(KINDS).find((known) => known.apiVersion === apiVersion && known.kind === kind);
}

/**
 * What the API server says of a Secret without what stands in it: where a patch does not fit it quotes the whole object, so every quoted value goes.
 * @param sent may stand in the text in other ways.
 */
export function withoutSecrets(text: string, sent: unknown): string {
  const { data, stringData } = (sent ?? {}) as { data?: unknown; stringData?: unknown };
  const encoded = Object.values(data ?? {}).map(String);
  const decoded = encoded.map((value) => Buffer.from(value, "base64").toString("utf8"));
  return [...encoded, ...decoded, ...Object.values(stringData ?? {}).map(String)]
    .filter((secret) => secret.length >= 4)
    .reduce((masked, secret) => masked.replaceAll(secret, "***"), text)
    .replace(/Invalid value: "(?:[^"\\]|\\.)*"/g, 'Invalid value: "***"');
}
