import { expect, test } from "vitest";
import { viewerOf, village } from "../views/village.ts";
import { client } from "./client.ts";

test("programs are told what they have left, and when to ask again", async () => {
  const { deps, clock } = await village();
  const api = await client(deps, viewerOf());
  const first = await api.ask("GET", "/repositories");
  expect(first.headers.get("ratelimit-policy")).toBe('"viewer";q=600;w=60');
  expect(first.headers.get("ratelimit")).toBe('"viewer";r=599;t=1');
  const dear = await api.ask("POST", "/what-if");
  expect(dear.headers.get("ratelimit")).toBe('"viewer";r=549;t=6');
  let answer = dear;
  for (let asked = 0; asked < 12 && answer.status === 200; asked++) answer = await api.ask("POST", "/what-if");
  expect(answer).toMatchObject({ status: 429, body: { code: "too-many-requests" } });
  expect(answer.headers.get("retry-after")).toBe("1");
  expect(answer.headers.get("ratelimit")).toMatch(/^"viewer";r=49;t=\d+$/);
  clock.advance(1000);
  expect((await api.ask("POST", "/what-if")).status).toBe(200);
});

test("whoever is not signed in shares what their address has", async () => {
  const { deps } = await village();
  const api = await client(deps, undefined);
  expect((await api.ask("GET", "/pulls")).headers.get("ratelimit")).toMatch(/^"address";r=29\d;/);
});
