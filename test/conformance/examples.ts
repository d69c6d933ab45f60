import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type { Problem } from "./description.ts";

/**
 * Which members real payloads always have: those in every published example of an event and action. The description lets
 * many be left out that GitHub never leaves out. https://github.com/octokit/webhooks/tree/main/payload-examples
 */
type Example = { name: string; examples: Record<string, unknown>[] };

const require = createRequire(import.meta.url);

export class PayloadExamples {
  private readonly events = new Map<string, Record<string, unknown>[]>();

  constructor() {
    const dir = join(dirname(require.resolve("@octokit/webhooks-examples/package.json")), "api.github.com");
    for (const file of readdirSync(dir).filter((name) => name.endsWith(".json"))) {
      for (const { name, examples } of JSON.parse(readFileSync(join(dir, file), "utf8")) as Example[])
        this.events.set(name, examples);
    }
  }

  /** Members that every example of this event and action has and the payload lacks. */
  missing(event: string, body: unknown): Problem[] {
    const action = (body as { action?: unknown }).action;
    const examples = (this.events.get(event) ?? []).filter((example) => example.action === action);
    if (examples.length === 0) return [];
    const [first = new Set<string>(), ...rest] = examples.map((example) => pointersOf(example, ""));
    const always = [...first].filter((pointer) => rest.every((other) => other.has(pointer)));
    const present = pointersOf(body, "");
    const parentIsObject = (pointer: string) =>
      present.has(`${pointer.slice(0, pointer.lastIndexOf("/"))}{}`) || pointer.lastIndexOf("/") === 0;
    return always
      .filter((pointer) => !pointer.endsWith("{}") && !present.has(pointer) && parentIsObject(pointer))
      .map((pointer) => ({ pointer, message: "is in every published example" }));
  }
}

/** Paths of all members; array items share `*`; objects are marked, so that a null parent excuses its children. */
function pointersOf(value: unknown, prefix: string): Set<string> {
  const found = new Set<string>();
  const walk = (node: unknown, at: string): void => {
    if (Array.isArray(node)) for (const item of node) walk(item, `${at}/*`);
    else if (typeof node === "object" && node !== null) {
      found.add(`${at}{}`);
      for (const [key, child] of Object.entries(node)) {
        found.add(`${at}/${key}`);
        walk(child, `${at}/${key}`);
      }
    }
  };
  walk(value, prefix);
  return found;
}
