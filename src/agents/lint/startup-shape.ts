import { Ajv2020, type ErrorObject, type ValidateFunction } from "ajv/dist/2020.js";
import { didYouMean } from "../../config/did-you-mean.ts";
import type { Flaw } from "./rules.ts";
import { type Place, record, type StartupFile } from "./startup-file.ts";
import schema from "./startup-schema.json" with { type: "json" };
import { count, shown } from "./text.ts";

/** Violations that are told one by one; one flaw more counts the rest. */
const MAX_ERRORS = 200;

let validate: ValidateFunction | undefined;

/**
 * What of a start-up configuration does not fit the schema. A port beyond its range is the rule `port-range`'s. Says which type a value
 * has, never the value.
 */
export function shapeFlaws(file: StartupFile): Flaw[] {
  validate ??= new Ajv2020({ allErrors: true, strict: true, strictRequired: false }).compile(schema);
  if (validate(file.value)) return [];
  const errors = validate.errors ?? [];
  const flaws = errors.slice(0, MAX_ERRORS).map((error) => flawOf(file, error));
  const left = errors.length - flaws.length;
  if (left > 0) {
    flaws.push({
      rule: "startup-schema",
      path: file.path,
      ...{ line: 1, column: 1, subject: ["further", String(left)], agents: [] },
      message: `${count(left, "further place")} in ${shown(file.path)} do not fit the schema.`,
      facts: { path: file.path, agent: file.path, what: "the file" },
    });
  }
  return flaws;
}

/** A file that names no agents in either form starts none, whatever else it says. */
export function emptyFlaws(file: StartupFile): Flaw[] {
  if (file.agents.length > 0) return [];
  const keys = Object.keys(record(file.value) ?? {});
  const meant = ["agent_groups", "pc2_services"].flatMap((known) => {
    const near = didYouMean(
      known,
      keys.filter((key) => key !== "agent_groups" && key !== "pc2_services"),
    );
    return near === undefined ? [] : [`“${shown(near)}” is not read; “${known}” is.`];
  });
  return [
    {
      rule: "no-agents",
      path: file.path,
      ...file.at([]),
      message: [`${shown(file.path)} starts no agent: it has none under agent_groups or pc2_services.`, ...meant].join(
        " ",
      ),
      ...{ subject: [], agents: [], facts: { path: file.path, agent: file.path } },
    },
  ];
}

function flawOf(file: StartupFile, error: ErrorObject): Flaw {
  const place = placeOf(error.instancePath, file.value);
  const agent = agentAt(file, place);
  const name = agent === undefined ? undefined : shown(agent);
  const where = wordsOf(place, file);
  const { keyword, params } = error;
  if ((keyword === "minimum" || keyword === "maximum") && /port$/.test(String(place.at(-1)))) {
    const key = String(place.at(-1));
    return {
      rule: "port-range",
      path: file.path,
      ...file.at(place),
      message: `${key} of ${name ?? where} is not between 1024 and 65535.`,
      subject: [agent ?? where, key],
      agents: agent === undefined ? [] : [agent],
      facts: { path: file.path, agent: agent ?? where, what: key },
    };
  }
  const unknown = keyword === "additionalProperties" ? String(params.additionalProperty) : undefined;
  const missing = keyword === "required" ? String(params.missingProperty) : undefined;
  const what = shown([where, unknown ?? missing].filter((part) => part).join("."));
  return {
    rule: "startup-schema",
    path: file.path,
    ...file.at(place, unknown),
    message: messageOf(where || shown(file.path), { unknown, missing }, error, file, place),
    subject: [keyword, ...place.map((step, at) => stable(step, at, place, file)), unknown ?? missing ?? ""],
    agents: agent === undefined ? [] : [agent],
    facts: { path: file.path, agent: agent ?? file.path, what },
  };
}

function messageOf(
  where: string,
  key: { unknown: string | undefined; missing: string | undefined },
  { keyword, params, parentSchema }: ErrorObject,
  file: StartupFile,
  place: Place,
): string {
  if (key.missing !== undefined) return `${where} has no ${shown(key.missing)}.`;
  if (key.unknown !== undefined) {
    const near = didYouMean(key.unknown, Object.keys(record(parentSchema?.properties) ?? knownKeys(place)));
    return `${where} has the key “${shown(key.unknown)}”, which the schema does not know${near ? `; “${near}” is meant?` : "."}`;
  }
  if (keyword === "type")
    return `${where} is ${typeOf(valueAt(file.value, place))}, where the schema asks for ${params.type}.`;
  if (keyword === "minimum") return `${where} is less than ${params.limit}.`;
  if (keyword === "maximum") return `${where} is more than ${params.limit}.`;
  return `${where} does not fit the schema (${keyword}).`;
}

/** Ajv gives the parent's schema only when asked for all of it, which costs; the only closed objects are these. */
function knownKeys(place: Place): Record<string, unknown> {
  const { properties } = schema.properties.global_settings;
  if (place[0] !== "global_settings") return schema.$defs.agent.properties;
  if (place[1] === "resource_limits") return properties.resource_limits.properties;
  return place[1] === "health_checks" ? properties.health_checks.properties : properties;
}

function placeOf(pointer: string, value: unknown): Place {
  const place: (string | number)[] = [];
  let inner = value;
  for (const part of pointer.split("/").slice(1)) {
    const key = part.replaceAll("~1", "/").replaceAll("~0", "~");
    place.push(Array.isArray(inner) ? Number(key) : key);
    inner = valueAt(inner, place.slice(-1));
  }
  return place;
}

function valueAt(value: unknown, place: Place): unknown {
  let inner = value;
  for (const step of place) {
    if (typeof inner !== "object" || inner === null || !Object.hasOwn(inner, step)) return undefined;
    inner = (inner as Record<string | number, unknown>)[step];
  }
  return inner;
}

/** The agent that a place is within. */
function agentAt(file: StartupFile, place: Place): string | undefined {
  const depth = place[0] === "agent_groups" ? 3 : 2;
  if (place.length < depth || (place[0] !== "agent_groups" && place[0] !== "pc2_services")) return undefined;
  const name = file.agents.find((agent) => agent.place.every((step, at) => step === place[at]))?.name;
  return name ?? (place[0] === "agent_groups" ? String(place[2]) : undefined);
}

/** `PlannerAgent.port`, or the keys from the top where no agent is concerned. */
function wordsOf(place: Place, file: StartupFile): string {
  const agent = agentAt(file, place);
  if (place.length === 0) return "";
  if (agent === undefined) return shown(place.join("."));
  return shown([agent, ...place.slice(place[0] === "agent_groups" ? 3 : 2)].join("."));
}

/** An entry of the flat list by its agent's name, so that a fingerprint stays when entries move. */
function stable(step: string | number, at: number, place: Place, file: StartupFile): string {
  return at === 1 && place[0] === "pc2_services" ? (agentAt(file, place) ?? "") : String(step);
}

function typeOf(value: unknown): string {
  if (value === null || value === undefined) return "empty";
  return Array.isArray(value) ? "array" : typeof value;
}
