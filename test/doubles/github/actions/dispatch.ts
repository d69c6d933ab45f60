import { ApiError } from "../http/errors.ts";
import type { Site } from "../site.ts";
import type { Account, Repository } from "../state.ts";
import { startRun } from "./runs.ts";
import type { Workflow, WorkflowRun } from "./state.ts";
import { readWorkflowFile, type WorkflowFile, type WorkflowInput } from "./workflow-file.ts";
import { workflowText } from "./workflows.ts";

const INPUTS_MAX = 25;
/** https://docs.github.com/actions/reference/workflows-and-actions/events-that-trigger-workflows#providing-inputs */
const INPUTS_MAX_CHARACTERS = 65_535;

type Asked = { ref: string; inputs: Record<string, unknown>; actor: Account };

/** https://docs.github.com/rest/actions/workflows#create-a-workflow-dispatch-event: the file is the one at the ref that is named. */
export async function dispatch(
  site: Site,
  repository: Repository,
  workflow: Workflow,
  { ref, inputs, actor }: Asked,
): Promise<WorkflowRun> {
  const refused = (message: string) => new ApiError(422, message);
  if (workflow.state !== "active") throw refused("Cannot trigger a 'workflow_dispatch' on a disabled workflow");
  const { git } = repository;
  const full = [`refs/heads/${ref}`, `refs/tags/${ref}`, ref].find((name) => git.ref(name) !== undefined);
  const sha = full && git.ref(full);
  const commit = sha && (await git.network.store.commit(sha));
  if (!full || !commit) throw refused(`No ref found for: ${ref}`);
  const text = await workflowText(repository, workflow.path, commit.sha);
  if (text === undefined) throw refused(`Workflow does not exist on the ref ${ref}`);
  const file = read(workflow.path, text);
  if (!file.dispatchInputs) throw refused("Workflow does not have 'workflow_dispatch' trigger");
  const given = checked(file.dispatchInputs, inputs);
  return startRun(site, repository, workflow, {
    file,
    text,
    event: "workflow_dispatch",
    ref: full,
    commit,
    inputs: given,
    actor,
  });
}

function read(path: string, text: string): WorkflowFile {
  try {
    return readWorkflowFile(path, text);
  } catch (error) {
    throw new ApiError(422, `failed to parse workflow: ${(error as Error).message}`);
  }
}

function checked(known: WorkflowInput[], given: Record<string, unknown>): WorkflowRun["inputs"] {
  const refused = (message: string) => new ApiError(422, message);
  if (Object.keys(given).length > INPUTS_MAX)
    throw refused(`you may only define up to ${INPUTS_MAX} \`inputs\` for a \`workflow_dispatch\` event`);
  const unexpected = Object.keys(given).filter((name) => !known.some((input) => input.name === name));
  if (unexpected.length > 0) throw refused(`Unexpected inputs provided: ${JSON.stringify(unexpected)}`);
  if (JSON.stringify(given).length > INPUTS_MAX_CHARACTERS) throw refused("inputs are too large.");
  const taken: WorkflowRun["inputs"] = {};
  for (const input of known) {
    const value = given[input.name];
    if ((value === undefined || value === "") && input.required && input.default === undefined)
      throw refused(`Required input '${input.name}' not provided`);
    taken[input.name] = typed(input, value ?? input.default);
  }
  return taken;
}

function typed(input: WorkflowInput, value: unknown): string | boolean | number {
  const refused = (message: string) => new ApiError(422, message);
  switch (input.type) {
    case "boolean":
      if (value === undefined) return false;
      if (![true, false, "true", "false"].includes(value as string))
        throw refused(`Provided value '${String(value)}' for input '${input.name}' is not a valid boolean`);
      return value === true || value === "true";
    case "number":
      if (value === undefined || value === "") return "";
      if (Number.isNaN(Number(value)))
        throw refused(`Provided value '${String(value)}' for input '${input.name}' is not a valid number`);
      return Number(value);
    case "choice": {
      const chosen = value ?? input.options[0] ?? "";
      if (!input.options.includes(String(chosen)))
        throw refused(`Provided value '${String(chosen)}' for input '${input.name}' not in the list of allowed values`);
      return String(chosen);
    }
    default:
      return value === undefined ? "" : String(value);
  }
}
