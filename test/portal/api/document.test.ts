import { expect, test } from "vitest";
import { SHOP, viewerOf, village } from "../views/village.ts";
import { client, type PublishedOperation } from "./client.ts";

const PUBLIC = new Set(["/api/v1/openapi.json"]);

test("the description lists every route of the API, and none that there is not", async () => {
  const { deps } = await village();
  const { routes, document } = await client(deps, undefined);
  const described = Object.entries(document.paths).flatMap(([path, operations]) =>
    Object.keys(operations).map((method) => `${method.toUpperCase()} ${path.replace(/\{(\w+)\}/g, ":$1")}`),
  );
  const mounted = routes.filter((route) => !PUBLIC.has(route.path)).map(({ method, path }) => `${method} ${path}`);
  expect(described.sort()).toEqual(mounted.sort());
  expect(new Set(mounted).size).toBe(mounted.length);
});

test("each operation tells its role, its parameters and its answers; the variables of its path are all described", async () => {
  const { deps } = await village();
  const { routes, document } = await client(deps, undefined);
  const ids = new Set<string>();
  for (const [path, operations] of Object.entries(document.paths)) {
    for (const [method, operation] of Object.entries(operations) as [
      string,
      PublishedOperation & { operationId: string },
    ][]) {
      const route = routes.find(
        (one) => one.method === method.toUpperCase() && one.path === path.replace(/\{(\w+)\}/g, ":$1"),
      );
      expect(operation["x-required-role"]).toBe(route?.access);
      const inPath = operation.parameters.filter((parameter) => parameter.in === "path").map(({ name }) => name);
      expect(inPath).toEqual([...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name));
      expect(Object.keys(operation.responses)).toEqual(expect.arrayContaining(["200", "401", "403", "404", "429"]));
      ids.add(operation.operationId);
    }
  }
  expect(ids.size).toBe(routes.length - PUBLIC.size);
});

test("the description is public and says nothing of any repository; everything else is not", async () => {
  const { deps, judged } = await village();
  await judged(SHOP, 1);
  const api = await client(deps, undefined);
  const text = await (await api.raw("/openapi.json")).text();
  expect(text).not.toContain("acme/shop");
  expect(JSON.parse(text)).toMatchObject({ openapi: "3.1.1", servers: [{ url: "https://hms.acme.dev" }] });
  for (const route of api.routes.filter(({ path }) => !PUBLIC.has(path))) {
    const path = route.path.slice("/api/v1".length).replace(/:\w+/g, "1");
    expect((await api.ask(route.method as "GET", path)).body, route.path).toMatchObject({ code: "not-signed-in" });
  }
});

test("nobody who is signed in may keep an answer", async () => {
  const { deps } = await village();
  const api = await client(deps, viewerOf());
  expect((await api.ask("GET", "/pulls")).headers.get("cache-control")).toBe("no-store");
});
