import { z } from "zod";
import type { ClusterScans } from "./clusters.ts";

const ranges = z
  .array(z.union([z.cidrv4(), z.cidrv6()], { error: "must be a range such as 10.0.0.0/16" }))
  .max(100)
  .refine((given) => given.every((cidr) => !cidr.endsWith("/0")), { error: "must not be every address" });
const quantity = z
  .string()
  .regex(/^[1-9]\d{0,9}(?:\.\d{1,3})?(?:m|Ki|Mi|Gi)?$/, "must be a quantity such as 500m or 1Gi");

/** `scans` of a cluster in the operator's file: the Jobs that scan there. */
export const clusterScans = z
  .strictObject({
    image: z
      .string()
      .regex(
        /^[a-z0-9][a-z0-9.:/_-]{1,250}@sha256:[0-9a-f]{64}$/,
        "must be an image by its digest: registry/name@sha256:…",
      ),
    report_cidrs: ranges.min(1),
    target_cidrs: ranges.default([]),
    registry_cidrs: ranges.default([]),
    cpu: quantity.default("1"),
    memory: quantity.default("1Gi"),
  })
  .transform(
    (given): ClusterScans => ({
      image: given.image,
      reportCidrs: given.report_cidrs,
      targetCidrs: given.target_cidrs,
      registryCidrs: given.registry_cidrs,
      cpu: given.cpu,
      memory: given.memory,
    }),
  );
