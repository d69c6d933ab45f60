import { posix } from "node:path";
import { credentialFlaw, credentialIn } from "./credentials.ts";
import type { Flaw, RuleName } from "./rules.ts";
import { shown } from "./text.ts";

/** What the agent management specification requires of a `.env.discovery` (section 3, metadata extraction). */
export const REQUIRED_KEYS = [
  "AGENT_NAME",
  "AGENT_VERSION",
  "AGENT_DESCRIPTION",
  "DEFAULT_SUBSCRIBED_TOPICS",
  "DEFAULT_FINDINGS_TOPIC",
] as const;

/** https://semver.org, with the lengths bounded. */
const VERSION =
  /^(?:0|[1-9]\d{0,8})\.(?:0|[1-9]\d{0,8})\.(?:0|[1-9]\d{0,8})(?:-[0-9A-Za-z.-]{1,100})?(?:\+[0-9A-Za-z.-]{1,100})?$/;
const TOPICS_MAX = 500;

interface Entry {
  value: string;
  line: number;
  column: number;
}

export interface Discovery {
  path: string;
  entries: ReadonlyMap<string, Entry>;
  /** `AGENT_NAME`, or the folder's name. */
  agent: string;
  flaws: Flaw[];
}

/** Reads a `.env.discovery` with the flaws that it has by itself. */
export function readDiscovery(path: string, text: string): Discovery {
  const entries = new Map<string, Entry>();
  const flaws: Flaw[] = [];
  const odd: { line: number; message: string; subject: string[] }[] = [];
  for (const [number, line] of text.split(/\r\n|\n|\r/).entries()) {
    if (/^\s*(?:#.*)?$/.test(line)) continue;
    const match = /^\s*(?:export\s+)?([A-Za-z_]\w{0,200})\s{0,50}=(.*)$/.exec(line);
    const [, key, rest] = match ?? [];
    if (key === undefined || rest === undefined) {
      odd.push({
        line: number + 1,
        message: `Line ${number + 1} of ${shown(path)} is not KEY=VALUE.`,
        subject: ["line"],
      });
    } else if (entries.has(key)) {
      odd.push({
        line: number + 1,
        message: `${shown(key)} is given twice in ${shown(path)}.`,
        subject: ["twice", key],
      });
    } else {
      const value = unquoted(rest);
      entries.set(key, { value, line: number + 1, column: line.length - rest.length + 1 });
    }
  }
  const agent = entries.get("AGENT_NAME")?.value || posix.basename(posix.dirname(path));
  const flaw = (
    rule: RuleName,
    entry: { line: number; column: number },
    message: string,
    subject: string[],
    what?: string,
  ) =>
    flaws.push({
      ...{ rule, path, line: entry.line, column: entry.column, message, subject, agents: [agent] },
      facts: { path, agent, ...(what === undefined ? {} : { what }) },
    });
  for (const { line, message, subject } of odd) flaw("discovery-syntax", { line, column: 1 }, message, subject);
  for (const key of REQUIRED_KEYS) {
    const entry = entries.get(key);
    if (entry?.value) continue;
    const state = entry ? "is empty in" : "is missing in";
    flaw("discovery-key", entry ?? { line: 1, column: 1 }, `${key} ${state} ${shown(path)}.`, [key], key);
  }
  const version = entries.get("AGENT_VERSION");
  if (version?.value && !VERSION.test(version.value)) {
    const message = `The version of ${shown(agent)} is ${shown(version.value)}, which is not major.minor.patch.`;
    flaw("discovery-version", version, message, []);
  }
  for (const key of ["DEFAULT_SUBSCRIBED_TOPICS", "DEFAULT_FINDINGS_TOPIC"]) {
    const entry = entries.get(key);
    for (const { topic, why } of entry?.value ? oddTopics(key, entry.value) : []) {
      if (entry)
        flaw(
          "discovery-topic",
          entry,
          `${key} of ${shown(agent)} has the topic ${shown(topic)}: ${why}.`,
          [key, topic],
          key,
        );
    }
  }
  for (const [key, { value, line, column }] of entries) {
    const wrong = credentialIn(key, value);
    if (wrong !== undefined) flaws.push(credentialFlaw({ path, line, column, agents: [agent] }, key, wrong));
  }
  return { path, entries, agent, flaws };
}

/** As python-dotenv reads it: a comment begins with a blank and #, but not within quotes. */
function unquoted(text: string): string {
  const value = text.trim();
  const quoted = /^(["'])(.*?)\1(?:\s*#.*)?$/.exec(value);
  return (quoted?.[2] ?? value.split(/\s#/, 1)[0] ?? "").trim();
}

function topicsOf(list: string): string[] {
  return list.split(",", TOPICS_MAX).map((topic) => topic.trim());
}

function oddTopics(key: string, list: string): { topic: string; why: string }[] {
  const subscribed = key === "DEFAULT_SUBSCRIBED_TOPICS";
  const topics = topicsOf(list);
  if (!subscribed && topics.length > 1) return [{ topic: list, why: "findings go to one topic" }];
  const seen = new Set<string>();
  return topics.flatMap((topic) => {
    const why = seen.has(topic) ? "it stands there twice" : oddTopic(topic, subscribed);
    seen.add(topic);
    return why === undefined ? [] : [{ topic, why }];
  });
}

/** https://docs.nats.io/nats-concepts/subjects#characters-allowed-and-recommended-for-subject-names */
function oddTopic(topic: string, wildcards: boolean): string | undefined {
  if (topic === "") return "an item of the list is empty";
  const names = topic.split(".");
  if (names.some((name) => name === "")) return "a name between two dots is empty";
  if (topic.startsWith("$")) return "topics that begin with $ are the broker’s own";
  if (!names.every((name, at) => /^[\w-]+$/.test(name) || name === "*" || (name === ">" && at === names.length - 1)))
    return "names have letters, digits, - and _ only; * stands alone, > at the end";
  return !wildcards && /[*>]/.test(topic) ? "findings cannot be published on a wildcard" : undefined;
}

/** What agents take from each other: a name, a topic for findings; and one that hears its own findings. */
export function conflictFlaws(discoveries: readonly Discovery[]): Flaw[] {
  const holders = new Map<string, Discovery>();
  return discoveries.flatMap((own) =>
    ["AGENT_NAME", "DEFAULT_FINDINGS_TOPIC"].flatMap((key): Flaw[] => {
      const entry = own.entries.get(key);
      if (!entry?.value) return [];
      const heard =
        key === "DEFAULT_FINDINGS_TOPIC" ? topicsOf(own.entries.get("DEFAULT_SUBSCRIBED_TOPICS")?.value ?? "") : [];
      const loop = heard.find((topic) => hears(topic, entry.value));
      const id = JSON.stringify([key, entry.value]);
      const holder = holders.get(id);
      if (!holder) holders.set(id, own);
      const flaw = (message: string, what: string, subject: string[], other?: string): Flaw => ({
        ...{ rule: "discovery-conflict", path: own.path, line: entry.line, column: entry.column, message, subject },
        agents: [own.agent],
        facts: { path: own.path, agent: own.agent, what, ...(other === undefined ? {} : { other }) },
      });
      const value = shown(entry.value);
      const taken = holder
        ? [
            flaw(
              `${key} of ${shown(own.path)} is ${value}, as in ${shown(holder.path)}.`,
              key,
              [key, holder.path],
              holder.path,
            ),
          ]
        : [];
      const echo = loop
        ? [
            flaw(
              `${shown(own.agent)} hears its own findings: it subscribes to ${shown(loop)} and publishes on ${value}.`,
              "DEFAULT_SUBSCRIBED_TOPICS",
              ["loop"],
            ),
          ]
        : [];
      return [...taken, ...echo];
    }),
  );
}

/** Whether a subscription, which may have wildcards, covers a topic. */
function hears(subscription: string, topic: string): boolean {
  const names = topic.split(".");
  const parts = subscription.split(".");
  if (parts.at(-1) === ">")
    return names.length >= parts.length && parts.slice(0, -1).every((part, at) => part === "*" || part === names[at]);
  return parts.length === names.length && parts.every((part, at) => part === "*" || part === names[at]);
}
