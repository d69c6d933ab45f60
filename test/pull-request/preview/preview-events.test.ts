import { expect, test } from "vitest";
import type { PreviewRecord } from "../../../src/model/preview.ts";
import { stateEvent, thoughtEvent } from "../../../src/pull-request/preview/preview-events.ts";

const key = { kind: "preview", installationId: 7, repositoryId: 42, number: 12 } as const;
const record = (change: Partial<PreviewRecord> = {}): PreviewRecord => ({
  state: "healthy",
  sha: "a".repeat(40),
  slug: "pr-shop-12-0a1b2c3d",
  reasons: [],
  parts: [],
  made: [],
  sinceMs: 0,
  activeAtMs: 0,
  createdAtMs: 1_000,
  ...change,
});
const thought = (chosen: string[], load: number) => ({
  asked: {},
  options: [{ cluster: "eu", facts: { load } }],
  chosen,
  why: load === 0 ? "it scores best" : "it runs there and that still fits",
});

test("a placement is written down once, however often it is thought again about other facts and another push", () => {
  const first = thoughtEvent(key, record(), thought(["eu"], 0), 5);
  expect(first).toMatchObject({ type: "deployment_thought", subject: "preview/7/42/12", data: { chosen: ["eu"] } });
  expect(thoughtEvent(key, record({ sha: "b".repeat(40) }), thought(["eu"], 9), 6).id).toBe(first.id);
  expect(thoughtEvent(key, record(), thought(["us"], 0), 5).id).not.toBe(first.id);
  expect(thoughtEvent(key, record({ createdAtMs: 2_000 }), thought(["eu"], 0), 5).id).not.toBe(first.id);
  expect(thoughtEvent({ ...key, number: 13 }, record(), thought(["eu"], 0), 5).id).not.toBe(first.id);
});

test("what a ledger keeps of reasons is bounded", () => {
  const reasons = Array.from({ length: 9 }, () => ({
    cause: "sync" as const,
    message: "x".repeat(2_000),
    awaits: "people" as const,
  }));
  const { type, data } = stateEvent(key, record({ state: "tearing-down", reasons }), 5);
  expect(type).toBe("preview_tearing_down");
  expect((data.reasons as string[]).map(({ length }) => length)).toEqual([300, 300, 300, 300, 300]);
});
