import { KINDS, type KubeObject } from "../model/kubernetes.ts";
import { previewLabels } from "../model/preview.ts";
import { hubOf } from "./app-project.ts";
import type { PreviewPlan } from "./plan.ts";

/**
 * What Argo CD reads a private source with, for this preview's project alone; undefined where none is needed, and for every fork.
 * https://argo-cd.readthedocs.io/en/release-3.2/operator-manual/declarative-setup/#repositories
 */
export function repositorySecret(plan: PreviewPlan): KubeObject | undefined {
  const { git } = plan.credentials;
  if (plan.fork || !git) return undefined;
  const base64 = (text: string) => Buffer.from(text).toString("base64");
  return {
    apiVersion: KINDS.secret.apiVersion,
    kind: KINDS.secret.kind,
    metadata: {
      name: `${plan.slug}-repo`,
      namespace: hubOf(plan).namespace,
      labels: {
        ...previewLabels(plan.owner, plan.slug),
        "argocd.argoproj.io/secret-type": "repository",
      },
    },
    type: "Opaque",
    data: {
      type: base64("git"),
      url: base64(plan.source.repoUrl),
      project: base64(plan.slug),
      username: base64(git.username),
      password: base64(git.password),
    },
  };
}
