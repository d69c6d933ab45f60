import { parse } from "yaml";
import { at, fieldsOf, isFields, listOf, type Stored, same, textAt } from "../api/fields.ts";
import { mergePatch } from "../api/patches.ts";
import type { Resource } from "../api/resources.ts";
import type { Change } from "../api/store.ts";
import { conditionsWith, type LocalClient, ownedBy, pathOf, refusalOf } from "../controllers/local-client.ts";
import { WorkQueue } from "../controllers/work-queue.ts";
import { renderAll, renderTemplate, TemplateError } from "./go-template.ts";

/** https://argo-cd.readthedocs.io/en/stable/operator-manual/applicationset/: list generators with `goTemplate`; other generators are an error. */
export class ApplicationSets {
  readonly #client: LocalClient;
  readonly #queue: WorkQueue;
  readonly #namespace: string;

  constructor(client: LocalClient, namespace: string) {
    this.#client = client;
    this.#namespace = namespace;
    this.#queue = new WorkQueue((name) => this.#look(name));
  }

  changed({ resource, object, type }: Change): void {
    if (resource.group !== "argoproj.io" || object.metadata.namespace !== this.#namespace) return;
    if (resource.plural === "applicationsets" && type !== "DELETED") this.#queue.add(object.metadata.name);
    if (resource.plural === "applications")
      for (const { kind, name } of object.metadata.ownerReferences ?? [])
        if (kind === "ApplicationSet") this.#queue.add(name);
  }

  stop(): void {
    this.#queue.stop();
  }

  #kind(plural: string): Resource | undefined {
    return this.#client.api.resources.at("argoproj.io/v1alpha1", plural);
  }

  #look(name: string): void {
    const [sets, applications] = [this.#kind("applicationsets"), this.#kind("applications")];
    const set = sets && this.#client.api.store.get(sets, this.#namespace, name);
    if (!set || !applications) return;
    const policy = textAt(set, "spec", "syncPolicy", "applicationsSync") || "sync";
    const mayDelete = policy === "sync" || policy === "create-delete";
    const owned = this.#client.api.store
      .dependents(set.metadata.uid ?? "")
      .filter(({ resource }) => resource === applications)
      .map(({ object }) => object);
    if (set.metadata.deletionTimestamp) {
      if (!mayDelete)
        for (const application of owned)
          this.#client.patch(applications, application, { metadata: { ownerReferences: [] } });
      return;
    }
    try {
      const wanted = generate(set);
      const refused = wanted.flatMap((one) => this.#apply(applications, set, one, policy) ?? []);
      const names = new Set(wanted.map((one) => textAt(one, "metadata", "name")));
      if (mayDelete)
        for (const application of owned)
          if (!names.has(application.metadata.name) && !application.metadata.deletionTimestamp)
            this.#client.delete(applications, application);
      this.#tell(
        sets,
        set,
        refused[0] === undefined ? undefined : { reason: "UpdateApplicationError", message: refused[0] },
      );
    } catch (error) {
      if (!(error instanceof TemplateError)) throw error;
      this.#tell(sets, set, { reason: "RenderTemplateParamsError", message: error.message });
    }
  }

  /** Why it was refused, if it was. */
  #apply(applications: Resource, set: Stored, wanted: Record<string, unknown>, policy: string): string | undefined {
    const metadata = fieldsOf(wanted.metadata);
    const name = textAt(metadata, "name");
    const old = this.#client.api.store.get(applications, this.#namespace, name);
    const whole = {
      apiVersion: "argoproj.io/v1alpha1",
      kind: "Application",
      metadata: { ...metadata, namespace: this.#namespace, ownerReferences: [ownedBy(set)] },
      spec: wanted.spec,
    };
    if (!old) return refusalOf(this.#client.call("POST", pathOf(applications, this.#namespace), whole));
    if (old.metadata.deletionTimestamp || (policy.startsWith("create-") && policy !== "create-update"))
      return undefined;
    const kept = Object.entries(old.metadata.annotations ?? {}).filter(([key]) => KEPT_ANNOTATIONS.has(key));
    const annotations = { ...fieldsOf(metadata.annotations), ...Object.fromEntries(kept) };
    const next: Stored = { ...old, spec: whole.spec, metadata: { ...old.metadata, ownerReferences: [ownedBy(set)] } };
    next.metadata.labels = fieldsOf(metadata.labels) as Record<string, string>;
    if (Object.keys(annotations).length > 0) next.metadata.annotations = annotations as Record<string, string>;
    else delete next.metadata.annotations;
    const finalizers = [...new Set([...listOf(metadata.finalizers).map(String), ...postDelete(old)])];
    if (finalizers.length > 0) next.metadata.finalizers = finalizers;
    else delete next.metadata.finalizers;
    if (same(JSON.parse(JSON.stringify(next)), JSON.parse(JSON.stringify(old)))) return undefined;
    return refusalOf(this.#client.call("PUT", pathOf(applications, this.#namespace, name), next));
  }

  #tell(sets: Resource, set: Stored, error: { reason: string; message: string } | undefined): void {
    const fine = "All applications have been generated successfully";
    const upToDate = { reason: "ApplicationSetUpToDate", message: fine };
    const conditions = conditionsWith(
      set,
      { type: "ErrorOccurred", status: error ? "True" : "False", ...(error ?? upToDate) },
      {
        type: "ParametersGenerated",
        status: error?.reason === "RenderTemplateParamsError" ? "False" : "True",
        ...(error ?? {
          reason: "ParametersGenerated",
          message: "Successfully generated parameters for all Applications",
        }),
      },
      { type: "ResourcesUpToDate", status: error ? "False" : "True", ...(error ?? upToDate) },
    );
    this.#client.setStatus(sets, set, { ...fieldsOf(set.status), conditions });
  }
}

const KEPT_ANNOTATIONS = new Set([
  "argocd.argoproj.io/refresh",
  "argocd.argoproj.io/deletion-approved",
  "notified.notifications.argoproj.io",
]);

function postDelete({ metadata }: Stored): string[] {
  return (metadata.finalizers ?? []).filter((name) => name.startsWith("post-delete-finalizer."));
}

function generate(set: Stored): Record<string, unknown>[] {
  const strict = listOf(at(set, "spec", "goTemplateOptions")).includes("missingkey=error");
  if (at(set, "spec", "goTemplate") !== true) throw new TemplateError("only goTemplate is simulated");
  const patch = textAt(set, "spec", "templatePatch");
  const made = listOf(at(set, "spec", "generators")).flatMap((generator) => {
    const elements = at(generator, "list", "elements");
    if (!Array.isArray(elements)) throw new TemplateError("only list generators are simulated");
    return elements.map((element) => {
      const rendered = fieldsOf(renderAll(at(set, "spec", "template"), element, strict));
      return patch ? patched(rendered, renderTemplate(patch, element, strict)) : rendered;
    });
  });
  const names = made.map((one) => textAt(one, "metadata", "name"));
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined)
    throw new TemplateError(`ApplicationSet ${set.metadata.name} contains applications with duplicate name: ${twice}`);
  return made;
}

function patched(rendered: Record<string, unknown>, patch: string): Record<string, unknown> {
  let fields: unknown;
  try {
    fields = parse(patch);
  } catch (error) {
    throw new TemplateError(`failed to convert the templatePatch to JSON: ${String(error)}`);
  }
  if (!isFields(fields)) throw new TemplateError("failed to convert the templatePatch to JSON: it is no object");
  return fieldsOf(mergePatch(rendered, fields));
}
