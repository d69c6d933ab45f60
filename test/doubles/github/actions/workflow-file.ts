import { parse } from "yaml";
import type { PermissionLevel } from "../permissions.ts";
import type { JobPermissions } from "./state.ts";

export type WorkflowInput = {
  name: string;
  required: boolean;
  default: string | boolean | number | undefined;
  type: "string" | "boolean" | "number" | "choice" | "environment";
  options: string[];
};

export type JobDefinition = {
  key: string;
  name: string;
  needs: string[];
  environment: string | undefined;
  permissions: unknown;
  definition: Record<string, unknown>;
};

export type WorkflowFile = {
  name: string;
  runName: string | undefined;
  /** Undefined: it has no `workflow_dispatch` trigger. */
  dispatchInputs: WorkflowInput[] | undefined;
  permissions: unknown;
  jobs: JobDefinition[];
};

type Mapping = Record<string, unknown>;

function isMapping(value: unknown): value is Mapping {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * https://docs.github.com/actions/reference/workflows-and-actions/workflow-syntax
 * @throws {Error} for what GitHub would not run either, and for what this double does not play
 */
export function readWorkflowFile(path: string, text: string): WorkflowFile {
  const file: unknown = parse(text);
  if (!isMapping(file)) throw new Error("Unexpected value: the workflow is not a mapping");
  const jobs = file.jobs;
  if (!isMapping(jobs) || Object.keys(jobs).length === 0) throw new Error("Required property is missing: jobs");
  return {
    name: typeof file.name === "string" ? file.name : path,
    runName: typeof file["run-name"] === "string" ? file["run-name"] : undefined,
    dispatchInputs: dispatchInputsOf(file.on),
    permissions: file.permissions,
    jobs: Object.entries(jobs).map(([key, definition]) => readJob(key, definition, jobs)),
  };
}

function readJob(key: string, definition: unknown, jobs: Mapping): JobDefinition {
  if (!isMapping(definition)) throw new Error(`jobs.${key}: not a mapping`);
  for (const part of ["uses", "container", "services"])
    if (definition[part] !== undefined) throw new Error(`jobs.${key}.${part}: the double does not play this`);
  if (isMapping(definition.strategy) && definition.strategy.matrix !== undefined)
    throw new Error(`jobs.${key}.strategy.matrix: the double does not play this`);
  if (definition["runs-on"] === undefined) throw new Error(`jobs.${key}: Required property is missing: runs-on`);
  const needs =
    typeof definition.needs === "string"
      ? [definition.needs]
      : Array.isArray(definition.needs)
        ? definition.needs.map(String)
        : [];
  for (const need of needs)
    if (!(need in jobs)) throw new Error(`jobs.${key}.needs: Job '${key}' depends on unknown job '${need}'.`);
  const { environment } = definition;
  const named = isMapping(environment) ? environment.name : environment;
  return {
    key,
    name: typeof definition.name === "string" ? definition.name : key,
    needs,
    environment: typeof named === "string" ? named : undefined,
    permissions: definition.permissions,
    definition,
  };
}

function dispatchInputsOf(on: unknown): WorkflowInput[] | undefined {
  if (on === "workflow_dispatch" || (Array.isArray(on) && on.includes("workflow_dispatch"))) return [];
  if (!isMapping(on) || !("workflow_dispatch" in on)) return undefined;
  const trigger = on.workflow_dispatch;
  const inputs = isMapping(trigger) && isMapping(trigger.inputs) ? trigger.inputs : {};
  return Object.entries(inputs).map(([name, given]) => {
    const input = isMapping(given) ? given : {};
    const type = String(input.type ?? "string");
    const fallback = input.default;
    return {
      name,
      required: input.required === true,
      default:
        typeof fallback === "string" || typeof fallback === "boolean" || typeof fallback === "number"
          ? fallback
          : undefined,
      type: (["boolean", "number", "choice", "environment"] as const).find((known) => known === type) ?? "string",
      options: Array.isArray(input.options) ? input.options.map(String) : [],
    };
  });
}

/** A workflow's words for what a token may do, and an App's. */
const NAMES: Record<string, string> = {
  actions: "actions",
  attestations: "attestations",
  checks: "checks",
  contents: "contents",
  deployments: "deployments",
  discussions: "discussions",
  issues: "issues",
  packages: "packages",
  pages: "pages",
  "pull-requests": "pull_requests",
  "security-events": "security_events",
  statuses: "statuses",
};

/**
 * What a job's token may do: the job's own `permissions` in place of the workflow's, in place of the repository's setting. Whatever a
 * `permissions` does not name is none. https://docs.github.com/actions/reference/workflows-and-actions/workflow-syntax#permissions
 */
export function jobPermissions(workflow: unknown, job: unknown, fallback: "read" | "write"): JobPermissions {
  const stated = job === undefined ? workflow : job;
  if (stated === undefined) {
    const all = Object.values(NAMES).map((name) => [name, "write"] as const);
    return {
      token: fallback === "write" ? Object.fromEntries(all) : { contents: "read", packages: "read" },
      idToken: false,
    };
  }
  if (stated === "read-all" || stated === "write-all") {
    const level: PermissionLevel = stated === "read-all" ? "read" : "write";
    return { token: Object.fromEntries(Object.values(NAMES).map((name) => [name, level])), idToken: level === "write" };
  }
  const token: Record<string, PermissionLevel> = {};
  let idToken = false;
  for (const [name, level] of Object.entries(isMapping(stated) ? stated : {})) {
    if (name === "id-token") idToken = level === "write";
    else if (NAMES[name] === undefined) throw new Error(`permissions: Unexpected value '${name}'`);
    else if (level === "read" || level === "write") token[NAMES[name]] = level;
    else if (level !== "none") throw new Error(`permissions.${name}: Unexpected value '${String(level)}'`);
  }
  return { token, idToken };
}
