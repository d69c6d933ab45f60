import { randomBytes } from "node:crypto";
import type { KubeObject } from "../../../src/model/kubernetes.ts";
import { type JobPlan, jobObjects } from "../../../src/scan/job.ts";
import { askerOf, type Ground } from "./asker.ts";
import { expectDone, HMS } from "./preview-fixture.ts";

/** The image that the policies of the bed let scans run, once {@link allowScanImage} was there. */
export const SCAN_IMAGE = `registry.example.test/hms-scan@sha256:${"5".repeat(64)}`;

/** As an operator's overlay does; what is allowed then stays allowed, as other files may be at it. */
export async function allowScanImage(ground: Ground): Promise<void> {
  const answer = await askerOf(ground).ask(
    "PATCH",
    "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies/hms-self-scans",
    [{ op: "replace", path: "/spec/variables/0/expression", value: `['${SCAN_IMAGE}']` }],
    "application/json-patch+json",
  );
  expectDone(answer, "the image of scans");
}

/** All objects of a scan that nobody started, as HMS-SYS would make them. */
export function scanObjects(of: "preview" | "image" = "preview"): KubeObject[] {
  const preview = of === "preview" ? "pr-shop-1-00000000" : undefined;
  const plan: JobPlan = {
    owner: {
      appId: 7,
      installationId: 11,
      repositoryId: 13,
      sha: randomBytes(20).toString("hex"),
      id: randomBytes(16).toString("hex"),
    },
    kind: preview === undefined ? "image" : "dast",
    tool: "sarif",
    target: preview === undefined ? "ghcr.io/acme/web:1" : "https://shop.example.test",
    ...(preview === undefined ? {} : { preview }),
    timeoutMs: 600_000,
    reportUrl: "https://hms.example.test/api/v1/scans/x/report",
    token: "token",
    nonce: "nonce",
    operator: {
      image: SCAN_IMAGE,
      reportCidrs: ["192.0.2.1/32"],
      targetCidrs: [],
      registryCidrs: ["192.0.2.2/32"],
      // No node has them: the Pod stays where it is, as KWOK's Pods of Jobs succeed at once.
      cpu: "100000",
      memory: "64Mi",
    },
    ingressLabels: { "kubernetes.io/metadata.name": "ingress-nginx" },
    user: HMS,
  };
  return jobObjects(plan);
}

export const partOf = (objects: readonly KubeObject[], kind: string, name?: string): KubeObject => {
  const found = objects.find((one) => one.kind === kind && (name === undefined || one.metadata.name === name));
  if (!found) throw new Error(`a scan has no ${kind}`);
  return found;
};
