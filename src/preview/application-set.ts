import type { PreviewComponent } from "../config/preview.ts";
import { KINDS, type KubeObject } from "../model/kubernetes.ts";
import { previewLabels } from "../model/preview.ts";
import { hubOf, RESOURCES_FINALIZER } from "./app-project.ts";
import { applicationName, fill } from "./names.ts";
import type { PreviewPlan, SourceTool } from "./plan.ts";

/** Which component of hms.yml an Application is of. */
const COMPONENT_LABEL = "hms-sys.dev/component";

/** What is read of a folder of plain manifests, and nothing below it; no Jsonnet, which is a program. */
const MANIFEST_FILES = "*.{yaml,yml,json}";

export interface PlannedApplication {
  name: string;
  component: string;
  cluster: string;
}

/** The Applications that the set is to make: every component on every cluster. */
export function applicationsOf(plan: Pick<PreviewPlan, "slug" | "places" | "config">): PlannedApplication[] {
  return plan.places.flatMap(({ place }, index) =>
    plan.config.components.map((component) => ({
      name: applicationName(plan.slug, component.name, index),
      component: component.name,
      cluster: place.cluster,
    })),
  );
}

/**
 * One set a preview: https://argo-cd.readthedocs.io/en/release-3.2/operator-manual/applicationset/
 *
 * Whatever varies stands as data in the elements of the list, which nothing evaluates, and reaches the Application through `toJson`. The template's
 * own texts are constants of ours and the slug.
 */
export function applicationSet(plan: PreviewPlan): KubeObject {
  const labels = previewLabels(plan.owner, plan.slug);
  const components = new Map(plan.config.components.map((one) => [one.name, one]));
  const elements = applicationsOf(plan).flatMap(({ name, component, cluster }) => {
    const of = components.get(component);
    return of ? [{ name, component, cluster, source: sourceOf(plan, of) }] : [];
  });
  return {
    apiVersion: KINDS.applicationSet.apiVersion,
    kind: KINDS.applicationSet.kind,
    metadata: { name: plan.slug, namespace: hubOf(plan).namespace, labels },
    spec: {
      goTemplate: true,
      goTemplateOptions: ["missingkey=error"],
      generators: [{ list: { elements } }],
      syncPolicy: { applicationsSync: "sync" },
      template: {
        metadata: {
          name: "{{ .name }}",
          labels: { ...labels, [COMPONENT_LABEL]: "{{ .component }}" },
          finalizers: [RESOURCES_FINALIZER],
        },
        spec: {
          project: plan.slug,
          destination: { name: "{{ .cluster }}", namespace: plan.slug },
          revisionHistoryLimit: 2,
          syncPolicy: {
            ...(plan.awake ? { automated: { prune: true, selfHeal: true } } : {}),
            syncOptions: ["CreateNamespace=false", "FailOnSharedResource=true", "PruneLast=true"],
            // A sync that cannot succeed is told within seconds, and leaves the way to the next push.
            retry: { limit: 2, backoff: { duration: "2s", factor: 2, maxDuration: "10s" } },
          },
        },
      },
      templatePatch: '{"spec":{"source":{{ toJson .source }}}}',
    },
  };
}

/** What the component's Application is to deploy. */
export function sourceOf(plan: PreviewPlan, component: PreviewComponent): Record<string, unknown> {
  return {
    repoURL: plan.source.repoUrl,
    path: pathOf(plan, component),
    targetRevision: plan.source.revision,
    ...toolOf(plan, component),
  };
}

/** The component's folder in the source. */
export function pathOf({ config }: Pick<PreviewPlan, "config">, component: PreviewComponent): string {
  const parts = [config.source?.path ?? ".", component.path].filter((part) => part !== "." && part !== "");
  return parts.length === 0 ? "." : parts.join("/");
}

/**
 * Says which tool reads the folder, so that Argo CD does not look for one, a plugin before all others. Each has a setting that is not its default:
 * Argo CD takes empty settings for none.
 */
function toolOf(plan: PreviewPlan, component: PreviewComponent): Record<string, unknown> {
  const tool = plan.tools?.[component.name] ?? guessed(component);
  switch (tool) {
    case "helm":
      return { helm: helmOf(plan, component) };
    case "kustomize": {
      const image = imageOf(component, plan.sha);
      return {
        kustomize: {
          namespace: plan.slug,
          ...(image === undefined ? {} : { images: [`${component.imageName ?? withoutTag(image)}=${image}`] }),
        },
      };
    }
    case "directory":
      return { directory: { include: MANIFEST_FILES } };
    case undefined:
      return {};
  }
}

function guessed({ helm, image }: PreviewComponent): SourceTool | undefined {
  if (Object.keys(helm).length > 0) return "helm";
  return image === undefined ? undefined : "kustomize";
}

function helmOf(plan: PreviewPlan, component: PreviewComponent): Record<string, unknown> {
  const values = { head_sha: plan.sha, slug: plan.slug, url: plan.url ?? "" };
  const parameters = Object.entries(component.helm).map(([name, text]) => {
    const value = fill(text, values);
    // A SHA of digits alone stays a text; `true` and `2` are what the chart's author means by them.
    return { name, value, ...(value === text ? {} : { forceString: true }) };
  });
  // CRDs belong to the cluster, whose operator installs them: a preview may hold none.
  return { releaseName: component.name, skipCrds: true, ...(parameters.length > 0 ? { parameters } : {}) };
}

/** The image of this commit, `ghcr.io/acme/web:<sha>`; undefined where the component names none. */
export function imageOf({ image }: Pick<PreviewComponent, "image">, sha: string): string | undefined {
  return image === undefined ? undefined : fill(image, { head_sha: sha });
}

function withoutTag(image: string): string {
  return image.replace(/@[^@/]*$/, "").replace(/:[^:/]*$/, "");
}
