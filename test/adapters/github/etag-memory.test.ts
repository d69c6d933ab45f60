import { expect, test } from "vitest";
import { EtagMemory } from "../../../src/adapters/github/etag-memory.ts";

const PULLS = "GET /repos/{owner}/{repo}/pulls";
const answer = (data: unknown, etag = "W/1") => ({ etag, data, link: undefined });

test("keeps what was asked last, and never more bytes than it may", () => {
  const memory = new EtagMemory(10_000);
  for (let i = 0; i < 100; i++) {
    memory.put(`key-${i}`, answer("x".repeat(500)));
    expect(memory.recall("key-0")?.answer().data).toBe("x".repeat(500));
    expect(memory.bytes).toBeLessThanOrEqual(10_000);
  }
  expect(memory.recall("key-99")).toBeDefined();
  expect(memory.recall("key-50")).toBeUndefined();
});

test("counts texts beyond Latin-1 twice, and replaces what stands under a key", () => {
  const memory = new EtagMemory(1e6);
  memory.put("key", answer("x".repeat(1000)));
  const narrow = memory.bytes;
  memory.put("key", answer("ł".repeat(1000), "W/2"));
  expect(memory.bytes).toBeGreaterThan(narrow + 900);
  expect(memory.recall("key")?.etag).toBe("W/2");
  memory.put("key", answer("x".repeat(1000)));
  expect(memory.bytes).toBe(narrow);
});

test("what alone would take the place of most others is not kept", () => {
  const memory = new EtagMemory(10_000);
  memory.put("small", answer("x"));
  memory.put("large", answer("x".repeat(9000)));
  expect(memory.recall("large")).toBeUndefined();
  expect(memory.recall("small")).toBeDefined();
});

test("an answer that was let go between question and 304 can still be read", () => {
  const memory = new EtagMemory(4000);
  memory.put("key", answer({ number: 1 }));
  const recalled = memory.recall("key");
  for (let i = 0; i < 50; i++) memory.put(`other-${i}`, answer("x".repeat(300)));
  expect(memory.recall("key")).toBeUndefined();
  expect(recalled?.answer().data).toEqual({ number: 1 });
});

test("a pull request is passed on without links and with what tells its repositories apart", () => {
  const repo = { id: 4, full_name: "acme/shop", owner: { login: "acme", url: "u" }, forks_url: "u", description: "d" };
  const pull = {
    number: 1,
    html_url: "h",
    updated_at: "t",
    diff_url: "u",
    _links: { self: {} },
    user: { login: "ada", id: 2, avatar_url: "u", type: "User" },
    head: { sha: "s", ref: "r", repo },
    base: { sha: "s", ref: "r", repo: null },
    labels: [{ name: "urgent", url: "u" }],
  };
  const memory = new EtagMemory();
  expect(memory.passedOn(PULLS, [pull])).toEqual([
    {
      number: 1,
      html_url: "h",
      updated_at: "t",
      user: { login: "ada", id: 2, type: "User" },
      head: { sha: "s", ref: "r", repo: { id: 4, full_name: "acme/shop", owner: { login: "acme" } } },
      base: { sha: "s", ref: "r", repo: null },
      labels: [{ name: "urgent" }],
    },
  ]);
  const contents = { content: "x", git_url: "u" };
  expect(memory.passedOn("GET /repos/{owner}/{repo}/contents/{+path}", contents)).toBe(contents);
});

test("keeps answers only of what is asked again and may have changed", () => {
  const memory = new EtagMemory();
  expect(memory.keeps(PULLS)).toBe(true);
  expect(memory.keeps("GET /repos/{owner}/{repo}/commits/{ref}")).toBe(false);
  expect(memory.keeps("POST /repos/{owner}/{repo}/check-runs")).toBe(false);
});
