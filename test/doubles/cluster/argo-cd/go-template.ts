import { fieldsOf, isFields } from "../api/fields.ts";

/** What a template cannot be made of; the message as Go words it. */
export class TemplateError extends Error {}

const FUNCTIONS: Record<string, (...values: unknown[]) => unknown> = {
  toJson: (value) => JSON.stringify(value) ?? "null",
  quote: (value) => JSON.stringify(words(value)),
  lower: (value) => words(value).toLowerCase(),
  upper: (value) => words(value).toUpperCase(),
  trim: (value) => words(value).trim(),
  default: (fallback, value) =>
    value === undefined || value === "" || value === 0 || value === false ? fallback : value,
  trunc: (length, value) => words(value).slice(0, Number(length)),
};

/** Go's text/template as far as pipelines of fields, literals and a few functions go, with `missingkey=error` where asked. */
export function renderTemplate(text: string, data: unknown, missingIsError: boolean): string {
  return text.replace(/\{\{(-?)\s*((?:"(?:[^"\\]|\\.)*"|`[^`]*`|[^"`}])*?)\s*(-?)\}\}/g, (action, _left, expression) =>
    words(pipeline(String(expression), action, data, missingIsError)),
  );
}

function pipeline(expression: string, action: string, data: unknown, missingIsError: boolean): unknown {
  if (expression.startsWith("/*")) return "";
  const tokens = expression.match(/"(?:[^"\\]|\\.)*"|`[^`]*`|\||[^\s|]+/g) ?? [];
  if (tokens.length === 0) throw new TemplateError(`template: base:1: missing value for command`);
  let piped: unknown[] = [];
  for (const command of split(tokens)) {
    const [first = "", ...rest] = command;
    const values = rest.map((token) => operandOf(token, action, data, missingIsError));
    const call = FUNCTIONS[first];
    if (call) piped = [call(...values, ...piped)];
    else if (/^[a-z]\w*$/i.test(first) && !["true", "false", "nil"].includes(first))
      throw new TemplateError(`template: base:1: function ${JSON.stringify(first)} not defined`);
    else piped = [operandOf(first, action, data, missingIsError)];
  }
  return piped[0];
}

function split(tokens: string[]): string[][] {
  const commands: string[][] = [[]];
  for (const token of tokens) {
    if (token === "|") commands.push([]);
    else commands.at(-1)?.push(token);
  }
  return commands;
}

function operandOf(token: string, action: string, data: unknown, missingIsError: boolean): unknown {
  if (token.startsWith('"')) return JSON.parse(token);
  if (token.startsWith("`")) return token.slice(1, -1);
  if (/^-?\d+$/.test(token)) return Number(token);
  if (token === "true" || token === "false") return token === "true";
  if (!token.startsWith("."))
    throw new TemplateError(`template: base:1: unexpected ${JSON.stringify(token)} in operand`);
  let value = data;
  for (const name of token.split(".").filter(Boolean)) {
    const found = isFields(value) && Object.hasOwn(value, name);
    if (!found && missingIsError)
      throw new TemplateError(
        `failed to execute go template ${action}: template: base:1:${action.indexOf(token)}: executing "base" at <${token}>: map has no entry for key ${JSON.stringify(name)}`,
      );
    value = found ? fieldsOf(value)[name] : undefined;
  }
  return value;
}

function words(value: unknown): string {
  if (value === undefined || value === null) return "<no value>";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

/** All texts of a value, rendered; names of fields too. */
export function renderAll(value: unknown, data: unknown, missingIsError: boolean): unknown {
  if (typeof value === "string") return renderTemplate(value, data, missingIsError);
  if (Array.isArray(value)) return value.map((item) => renderAll(item, data, missingIsError));
  if (!isFields(value)) return value;
  const entries = Object.entries(value).map(([name, field]) => [
    renderTemplate(name, data, missingIsError),
    renderAll(field, data, missingIsError),
  ]);
  return Object.fromEntries(entries);
}
