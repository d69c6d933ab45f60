import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { EVENTS, PERMISSIONS } from "../stage/stage.ts";

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");

test("the README's address fills in exactly what app.yml asks for", () => {
  const address = /^https:\/\/github\.com\/organizations\/\S+$/m.exec(read("README.md"))?.[0] ?? "";
  const parameters = [...new URL(address).searchParams];
  const permissions = parameters.filter(([name]) => !["name", "public", "events[]"].includes(name));
  expect(Object.fromEntries(permissions)).toEqual(PERMISSIONS);
  expect(parameters.filter(([name]) => name === "events[]").map(([, event]) => event)).toEqual(EVENTS);
});

test("app.yml subscribes to the events that are acted on, and to no others", () => {
  // What reaches every App without being asked for cannot be subscribed to.
  const always = ["installation", "installation_repositories", "github_app_authorization"];
  const handled = [...read("src/intake/deliveries.ts").matchAll(/(?:case |event === )"([a-z_]+)"/g)].flatMap(
    ([, name]) => (name && !always.includes(name) ? [name] : []),
  );
  expect([...new Set(handled)].sort()).toEqual([...EVENTS].sort());
});
