import { z } from "zod";
import type { KubeObject } from "../model/kubernetes.ts";

const text = z.string().catch("");
const time = z
  .string()
  .transform((value) => Date.parse(value))
  .refine((ms) => !Number.isNaN(ms))
  .optional()
  .catch(undefined);
const source = z.record(z.string(), z.unknown()).catch({});
const destination = z
  .object({ name: text, server: text, namespace: text })
  .catch({ name: "", server: "", namespace: "" });

const OPERATION = z
  .object({
    sync: z.object({ revision: text, source: source.optional() }).catch({ revision: "" }).optional(),
    info: z.array(z.object({ name: text, value: text })).catch([]),
  })
  .optional()
  .catch(undefined);

const APPLICATION = z.object({
  spec: z
    .object({
      source,
      destination,
      project: text,
      syncPolicy: z
        .object({ automated: z.unknown(), retry: z.unknown(), syncOptions: z.array(z.string()).catch([]) })
        .partial()
        .catch({}),
    })
    .catch({ source: {}, destination: { name: "", server: "", namespace: "" }, project: "", syncPolicy: {} }),
  operation: OPERATION,
  status: z
    .object({
      sync: z
        .object({
          status: text,
          revision: text,
          comparedTo: z.object({ source, destination }).optional().catch(undefined),
        })
        .optional()
        .catch(undefined),
      health: z.object({ status: text, message: text }).optional().catch(undefined),
      conditions: z.array(z.object({ type: text, message: text })).catch([]),
      reconciledAt: time,
      operationState: z
        .object({
          phase: text,
          message: text,
          startedAt: text,
          finishedAt: time,
          operation: OPERATION,
          syncResult: z
            .object({
              revision: text,
              source,
              resources: z
                .array(z.object({ kind: text, name: text, status: text, hookPhase: text, message: text }))
                .catch([]),
            })
            .optional()
            .catch(undefined),
        })
        .optional()
        .catch(undefined),
      resources: z
        .array(
          z.object({
            kind: text,
            name: text,
            status: text,
            requiresPruning: z.boolean().catch(false),
            health: z.object({ status: text, message: text }).optional().catch(undefined),
          }),
        )
        .catch([]),
    })
    .catch({ conditions: [], resources: [] }),
});

/** What an Application of Argo CD 3 says, as far as previews read it; what is not there is empty. */
export type ApplicationView = z.infer<typeof APPLICATION> & { metadata: KubeObject["metadata"] };

/** https://argo-cd.readthedocs.io/en/stable/operator-manual/application.yaml */
export function viewOf(application: KubeObject): ApplicationView {
  return { ...APPLICATION.parse({ ...application }), metadata: application.metadata };
}

const OVER = ["Succeeded", "Failed", "Error"];

/** Whether Argo CD is at an operation or is about to begin one: it begins no other before that is over. */
export function isOperating({ operation, status }: ApplicationView): boolean {
  return (
    operation !== undefined || (status.operationState !== undefined && !OVER.includes(status.operationState.phase))
  );
}

/** The operation that runs, or ran last. */
export function operationOf({ operation, status }: ApplicationView): z.infer<typeof OPERATION> {
  return status.operationState && (operation === undefined || !OVER.includes(status.operationState.phase))
    ? status.operationState.operation
    : operation;
}

/** Whether two values of the API are the same, where absent and empty are one. */
export function isSame(one: unknown, other: unknown): boolean {
  if (one === other || (isEmpty(one) && isEmpty(other))) return true;
  if (Array.isArray(one) && Array.isArray(other)) {
    return one.length === other.length && one.every((item, at) => isSame(item, other[at]));
  }
  if (!isRecord(one) || !isRecord(other)) return false;
  return [...new Set([...Object.keys(one), ...Object.keys(other)])].every((name) => isSame(one[name], other[name]));
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null || value === "" || value === false) return true;
  if (Array.isArray(value)) return value.length === 0;
  return isRecord(value) && Object.values(value).every(isEmpty);
}
