import { html } from "hono/html";
import type { CheckerInput } from "../../model/checker-input.ts";
import { icon } from "./icons.ts";
import type { Html } from "./markup.ts";
import { said } from "./text.ts";

/** The fields of the form that edits a decision's facts, as they were sent. */
export interface EditForm {
  draft: boolean;
  hold: boolean;
  labels: string;
  /** How many people approve. */
  approvals: string;
  /** How many approvals the configuration asks for. */
  needed: string;
  /** Anything else, as a JSON merge patch. */
  patch: string;
}

const LIST_MAX = 100;
/** Beyond all accounts that GitHub has. */
const IMAGINED_ID = 2 ** 50;

/** The form that changes nothing. */
export function formOf(input: CheckerInput): EditForm {
  return {
    draft: input.pull_request.draft,
    hold: input.hold !== null,
    labels: input.pull_request.labels.join(", "),
    approvals: String(input.approvals.length),
    needed: String(input.config.approvals.count),
    patch: "",
  };
}

export function sentForm(sent: FormData): EditForm {
  const text = (name: string): string => {
    const value = sent.get(name);
    return typeof value === "string" ? value : "";
  };
  return {
    draft: sent.has("draft"),
    hold: sent.has("hold"),
    labels: text("labels"),
    approvals: text("approvals"),
    needed: text("needed"),
    patch: text("patch"),
  };
}

/**
 * What the form changes in the facts, as a JSON merge patch (https://www.rfc-editor.org/rfc/rfc7386). Fields that say what the facts say change
 * nothing; the field for JSON comes last and wins.
 */
export function patchOf(form: EditForm, input: CheckerInput): { patch: unknown } | { refused: string } {
  const approvals = countOf(form.approvals);
  const needed = countOf(form.needed);
  if (approvals === undefined || needed === undefined)
    return { refused: `Approvals are a whole number between 0 and ${LIST_MAX}.` };
  const before = formOf(input);
  const pull: Record<string, unknown> = {};
  if (form.draft !== before.draft) pull.draft = form.draft;
  if (form.labels.trim() !== before.labels) pull.labels = labelsOf(form.labels);
  const patch: Record<string, unknown> = {
    ...(Object.keys(pull).length > 0 ? { pull_request: pull } : {}),
    ...(form.hold === before.hold ? {} : { hold: form.hold ? { by: "somebody", reason: "what if" } : null }),
    ...(approvals === Number(before.approvals) ? {} : { approvals: approvalsFor(approvals, input) }),
    ...(needed === Number(before.needed) ? {} : { config: { approvals: { count: needed } } }),
  };
  if (form.patch.trim() === "") return { patch };
  const written = jsonObject(form.patch);
  if (typeof written === "string") return { refused: written };
  return { patch: merged(patch, written) };
}

/** A JSON object from a text field, or what is wrong with it. */
export function jsonObject(text: string): Record<string, unknown> | string {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
    return 'The JSON has to be an object, such as {"config": {"approvals": {"count": 2}}}.';
  } catch (error) {
    return `The JSON cannot be read: ${error instanceof Error ? error.message : "unknown error"}.`;
  }
}

/** Two patches as one: members of the later one win, objects are joined. */
function merged(first: Record<string, unknown>, second: Record<string, unknown>): Record<string, unknown> {
  const isObject = (value: unknown): value is Record<string, unknown> =>
    typeof value === "object" && value !== null && !Array.isArray(value);
  const members = new Map(Object.entries(first));
  for (const [name, value] of Object.entries(second)) {
    const known = members.get(name);
    members.set(name, isObject(known) && isObject(value) ? merged(known, value) : value);
  }
  return Object.fromEntries(members);
}

function countOf(text: string): number | undefined {
  return /^\d{1,3}$/.test(text.trim()) && Number(text) <= LIST_MAX ? Number(text) : undefined;
}

function labelsOf(text: string): string[] {
  const labels = text.split(",").map((label) => label.trim());
  return [...new Set(labels.filter((label) => label !== ""))].sort().slice(0, LIST_MAX);
}

/** The approvals that there are, cut or filled up by people with write access who do not exist. */
function approvalsFor(count: number, input: CheckerInput): CheckerInput["approvals"] {
  const kept = input.approvals.slice(0, count);
  const imagined = Array.from({ length: count - kept.length }, (_, at) => ({
    id: IMAGINED_ID + at,
    login: `imagined-reviewer-${at + 1}`,
    permission: "write" as const,
    sha: input.pull_request.head_sha,
  }));
  return [...kept, ...imagined];
}

export interface EditFormOptions {
  /** Of the decision's page. */
  path: string;
  input: CheckerInput;
  form: EditForm | undefined;
  refused: string | undefined;
}

export function editForm({ path, input, form, refused }: EditFormOptions): Html {
  const now = form ?? formOf(input);
  return html`<form class="stack" method="post" action="${path}/what-if">
${refused ? html`<div class="notice bad" role="alert">${icon("warning")}<p>${said(refused, 600)}</p></div>` : ""}
<div class="fields">
<div class="field"><label for="approvals">Approvals</label><input id="approvals" name="approvals" inputmode="numeric" pattern="[0-9]{1,3}" value="${now.approvals}"></div>
<div class="field"><label for="needed">Approvals needed</label><input id="needed" name="needed" inputmode="numeric" pattern="[0-9]{1,3}" value="${now.needed}"></div>
<div class="field"><label for="labels">Labels, separated by commas</label><input id="labels" name="labels" value="${now.labels}" autocomplete="off"></div>
<div class="choices">
<div class="choice"><input type="checkbox" id="draft" name="draft"${now.draft ? " checked" : ""}><label for="draft">Draft</label></div>
<div class="choice"><input type="checkbox" id="hold" name="hold"${now.hold ? " checked" : ""}><label for="hold">On hold</label></div>
</div>
</div>
<details${now.patch === "" ? "" : " open"}><summary>Any other fact</summary>
<div class="field"><label for="patch">JSON merge patch</label><textarea id="patch" name="patch" spellcheck="false" aria-describedby="patch-hint" placeholder='{"pull_request": {"fork": true}}'>${now.patch}</textarea>
<p class="hint" id="patch-hint">Members replace those of the raw facts; <code>null</code> takes one away, a list is replaced as a whole.</p></div></details>
<div class="actions"><button type="submit">Judge with these facts</button></div>
</form>`;
}
