import type { Position } from "../../model/text-position.ts";
import type { Flaw } from "./rules.ts";
import type { Place, StartupFile } from "./startup-file.ts";
import { shown } from "./text.ts";

/** Deeper than any start-up configuration that passes its depth limit. */
const DEPTH_MAX = 80;
/** A value is looked at up to here. */
const VALUE_MAX = 4_000;

/** Words that a name of a credential ends with, in snake case. */
const SECRET_NAME =
  /(?:^|_)(?:passwords?|passwd|passphrase|passcode|pass|pwd|secret|token|jwt|nkey|api_?key|apikey|secret_key|private_key|access_key|auth_key|signing_key|encryption_key|credentials?|creds)$/;
/** What holds the name of a secret that is kept elsewhere. */
const SECRET_REFERENCE = /(?:^|_)(?:existing|pull|tls)_secret$/;
/** Where a number is a credential, too: a token's is a limit or a count more often. */
const SECRET_NUMBER = /(?:password|passwd|passphrase|passcode|pwd)$/;

/** Whether a key's name says that its value is a credential: `NATS_PASSWORD`, `apiKey`, `nats.auth-token`. */
export function isSecretName(key: string): boolean {
  const name = snake(key);
  return SECRET_NAME.test(name) && !SECRET_REFERENCE.test(name);
}

function snake(key: string): string {
  return key
    .slice(-200)
    .replace(/([a-z0-9])([A-Z])/g, "$1_$2")
    .replace(/[.\- ]+/g, "_")
    .toLowerCase();
}

/**
 * Whether a text stands in a credential's place without being one: empty, a variable, a template, a reference into a store, or a file's
 * path. A variable with a default of its own is a credential after all: `${NATS_PASSWORD:-hunter2}`.
 */
export function isPlaceholder(value: string): boolean {
  const text = value.trim();
  if (text === "" || text.length > VALUE_MAX) return text === "";
  const variable = /^\$\{([^{}]*)\}$/.exec(text)?.[1];
  if (variable !== undefined) return isPlaceholder(/^\w+:?-(.*)$/s.exec(variable)?.[1] ?? "");
  if (/^(?:\$[\w-]+|%\w+%|\$\([^()]*\)|\$?\{\{.*\}\}|\{\w*\}|<[^<>]*>|\*+|x{3,}|null|none|true|false)$/i.test(text))
    return true;
  // What a format fills in, and what stands for a word in the texts of models: `%s`, `%(token)s`, `[PAD]`.
  if (/^(?:%(?:\(\w+\))?[a-z]|\[\w+\])$/i.test(text)) return true;
  if (/^(?:env|vault|secret|secrets|file|aws-sm|azure-kv|arn|op|ssm|sops|ref)\+?:\S*$/i.test(text)) return true;
  return /^\.{0,2}(?:\/[\w.-]+){2,}$/.test(text);
}

/** Where an address carries a password, `nats://user:password@host`: the scheme's name, for the message. Linear in the text. */
export function urlsWithPassword(text: string): { offset: number; scheme: string }[] {
  const found: { offset: number; scheme: string }[] = [];
  for (let at = text.indexOf("://"); at >= 0; at = text.indexOf("://", at + 3)) {
    const scheme = /[a-z][a-z0-9+.-]{0,30}$/i.exec(text.slice(Math.max(0, at - 31), at))?.[0];
    const authority = /^[^\s/?#"'<>`]{1,1000}/.exec(text.slice(at + 3, at + 1_003))?.[0] ?? "";
    const user = authority.slice(0, Math.max(0, authority.lastIndexOf("@")));
    const colon = user.indexOf(":");
    // `${NATS_PASSWORD}` may hold a colon itself.
    const password = /^\$\{/.test(user) && !/\}:/.test(user) ? "" : user.slice(colon + 1);
    if (scheme === undefined || colon < 0 || isPlaceholder(password)) continue;
    found.push({ offset: at - scheme.length, scheme: scheme.toLowerCase() });
  }
  return found;
}

/** What is wrong with a value under its key, in words; undefined if nothing is. */
export function credentialIn(key: string, value: unknown): string | undefined {
  if (typeof value === "number") return SECRET_NUMBER.test(snake(key)) ? "is written in plain text" : undefined;
  if (typeof value !== "string") return undefined;
  if (isSecretName(key) && !isPlaceholder(value)) return "is written in plain text";
  const scheme = urlsWithPassword(value.slice(0, VALUE_MAX))[0]?.scheme;
  if (scheme !== undefined) return `holds an address (${scheme}://) with a password in plain text`;
  const pair = /^-{0,2}([A-Za-z_][\w.-]{0,100})=(.*)$/s.exec(value.slice(0, VALUE_MAX));
  if (pair?.[1] && pair[2] !== undefined && isSecretName(pair[1]) && !isPlaceholder(pair[2]))
    return `gives ${shown(pair[1])} in plain text`;
  return undefined;
}

export function credentialFlaw(
  where: { path: string; line: number; column: number; agents: readonly string[] },
  key: string,
  wrong: string,
): Flaw {
  const { path, line, column, agents } = where;
  return {
    rule: "plaintext-credential",
    ...{ path, line, column, agents },
    message: `${shown(key)} ${wrong}.`,
    subject: [key],
    facts: { path, agent: agents[0] ?? path, what: key },
  };
}

/** Credentials anywhere in a start-up configuration. */
export function startupCredentials(file: StartupFile): Flaw[] {
  const flaws: Flaw[] = [];
  const seen = new Set<unknown>();
  const visit = (value: unknown, place: Place, key: string): void => {
    const wrong = credentialIn(key, value);
    if (wrong !== undefined) {
      const agent = file.agents.find((each) => each.place.every((step, at) => step === place[at]));
      const words = agent ? [agent.name, ...place.slice(agent.place.length)] : place;
      const where = { path: file.path, ...file.at(place), agents: agent ? [agent.name] : [] };
      flaws.push(credentialFlaw(where, words.join("."), wrong));
      return;
    }
    if (typeof value !== "object" || value === null || place.length > DEPTH_MAX || seen.has(value)) return;
    // An anchor's value is one finding, however often it is used.
    seen.add(value);
    for (const [name, inner] of Object.entries(value)) {
      const step = Array.isArray(value) ? Number(name) : name;
      visit(inner, [...place, step], Array.isArray(value) ? key : name);
    }
  };
  visit(file.value, [], "");
  return flaws;
}

/** Credentials in a text that was not taken apart: addresses with a password, and, where `lines`, `key: value` and `key=value` in one line. */
export function textCredentials(path: string, text: string, at: Position, lines: boolean): Flaw[] {
  const agents: string[] = [];
  const addresses = urlsWithPassword(text).map(({ offset, scheme }) => {
    const wrong = `holds an address (${scheme}://) with a password in plain text`;
    return credentialFlaw({ path, ...at(offset), agents }, "A line", wrong);
  });
  if (!lines) return addresses;
  const pairs = text.matchAll(
    /^([ \t"'-]{0,200})([A-Za-z_][\w.-]{0,100})["']?[ \t]{0,20}[:=][ \t]{0,20}(?:"([^"\n]{1,500})|'([^'\n]{1,500})|([^"'\s][^\n]{0,500}))/gm,
  );
  return [
    ...addresses,
    ...[...pairs].flatMap((match) => {
      const [, lead = "", key = "", double, single, plain] = match;
      const value = double ?? single ?? plainValue(plain ?? "");
      // Addresses are told above; `id-token: write` is a permission.
      if (value.includes("://") || /^(?:read|write)$/.test(value)) return [];
      const wrong = credentialIn(key, plain !== undefined && /^\d+$/.test(value) ? Number(value) : value);
      return wrong === undefined
        ? []
        : [credentialFlaw({ path, ...at(match.index + lead.length), agents }, key, wrong)];
    }),
  ];
}

/** Without a comment; nothing where YAML continues on other lines, refers to another place or makes an object. */
function plainValue(text: string): string {
  const value = (/^[|>&*!{[#]/.test(text) ? "" : (text.split(/\s#/, 1)[0] ?? "")).trimEnd();
  return value.endsWith(",") ? value.slice(0, -1) : value;
}
