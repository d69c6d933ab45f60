import { expect, onTestFinished, test } from "vitest";
import type { TailLimits } from "../../../src/portal/api/tail.ts";
import type { Viewer } from "../../../src/portal/viewer.ts";
import { BANK, SHOP, type Village, viewerOf, village } from "../views/village.ts";
import { client } from "./client.ts";

/** Whom the ledger is shown to. */
const roles = ["reader", "auditor"];
const LIMITS: TailLimits = { perViewer: 2, inAll: 3, lastsMs: 60_000, beatMs: 60_000 };

interface Event {
  id: string;
  event: string;
  data: { subject: string; stream: string };
}

/** Follows the ledger; `next` resolves with so many events. */
async function follow(
  { deps }: Pick<Village, "deps">,
  options: { viewer?: Viewer; query?: string; from?: string; limits?: TailLimits } = {},
) {
  const { viewer = viewerOf({ roles }), query = "", from, limits = LIMITS } = options;
  const going = new AbortController();
  onTestFinished(() => going.abort());
  const api = await client(deps, viewer, limits);
  const response = await api.raw(`/ledger/tail${query}`, {
    signal: going.signal,
    headers: from === undefined ? {} : { "last-event-id": from },
  });
  return { response, api, going, ...reading(response) };
}

function reading(response: Response) {
  const reader = response.body?.pipeThrough(new TextDecoderStream() as never).getReader();
  let text = "";
  const events: Event[] = [];
  const more = async (): Promise<boolean> => {
    const { value, done } = (await reader?.read()) ?? { done: true };
    text += String(value ?? "");
    const blocks = text.split("\n\n");
    text = blocks.pop() ?? "";
    for (const block of blocks) {
      const fields = Object.fromEntries(block.split("\n").map((line) => line.split(/: (.*)/s, 2)));
      if (fields.data) events.push({ id: fields.id, event: fields.event, data: JSON.parse(fields.data) });
    }
    return !done;
  };
  return {
    async next(count: number): Promise<Event[]> {
      while (events.length < count && (await more()));
      return events.splice(0, count);
    },
    async rest(): Promise<Event[]> {
      while (await more());
      return events.splice(0);
    },
    leave: async () => reader?.cancel(),
  };
}

test("what is appended comes at once, only of what is seen, and as the filter says", async () => {
  const scene = await village();
  await scene.judged(SHOP, 1);
  const all = await follow(scene, { viewer: viewerOf({ sees: [SHOP], roles }) });
  const closings = await follow(scene, { query: "?type=pull_closed" });
  expect(all.response.headers.get("content-type")).toBe("text/event-stream");
  await scene.judged(BANK, 2);
  await scene.judged(SHOP, 3);
  await scene.closed(BANK, 2, true);
  await scene.closed(SHOP, 3, true);
  expect((await all.next(2)).map(({ event, data }) => [event, data.subject])).toEqual([
    ["verdict", "pull/7/42/3"],
    ["pull_closed", "pull/7/42/3"],
  ]);
  expect((await closings.next(2)).map(({ data }) => data.subject)).toEqual(["pull/7/43/2", "pull/7/42/3"]);
});

test("whoever comes back with the last event's id has lost nothing and gets nothing twice", async () => {
  const scene = await village();
  const first = await follow(scene);
  await scene.judged(SHOP, 1);
  const [last] = await first.next(1);
  first.going.abort();
  for (let number = 2; number <= 450; number++) await scene.judged(number % 2 ? SHOP : BANK, number);
  const again = await follow(scene, { from: String(last?.id) });
  const appending = Promise.all([scene.judged(SHOP, 451), scene.judged(SHOP, 452)]);
  const events = await again.next(451);
  await appending;
  expect(events.map(({ data }) => Number(data.subject.split("/")[3]))).toEqual(
    Array.from({ length: 451 }, (_, index) => index + 2),
  );
  const byQuery = await follow(scene, { query: `?cursor=${events.at(-2)?.id}&stream=repository/7/42` });
  expect((await byQuery.next(1))[0]?.data.subject).toBe("pull/7/42/452");
});

test.each([
  ["nobody's", "abc"],
  ["of a repository that is not seen", Buffer.from('["repository/7/43",1]').toString("base64url")],
])("an id that is %s is refused", async (_name, from) => {
  const scene = await village();
  await scene.judged(BANK, 1);
  const { response } = await follow(scene, { viewer: viewerOf({ sees: [SHOP], roles }), from });
  expect(response.status).toBe(400);
});

test("so many at one time for each viewer and in all; one that was left makes room", async () => {
  const scene = await village();
  const api = await client(scene.deps, viewerOf({ roles }), LIMITS);
  const open = [await api.raw("/ledger/tail"), await api.raw("/ledger/tail")];
  const refused = await api.ask("GET", "/ledger/tail");
  expect(refused).toMatchObject({ status: 429, body: { code: "too-many-streams" } });
  expect(refused.headers.get("retry-after")).toBe("30");
  await reading(open[0] as Response).leave();
  const instead = await api.raw("/ledger/tail");
  expect(instead.status).toBe(200);
  for (const one of [open[1], instead]) await reading(one as Response).leave();
});

test("it ends by itself, so that what somebody may see is asked anew", async () => {
  const scene = await village();
  const { rest } = await follow(scene, { limits: { ...LIMITS, lastsMs: 30, beatMs: 5 } });
  expect(await rest()).toEqual([]);
  const tails = await follow(scene, { limits: { ...LIMITS, perViewer: 1 } });
  expect(tails.response.status).toBe(200);
});

test("whoever does not read is let go, and the ledger goes on", async () => {
  const scene = await village();
  const { rest } = await follow(scene);
  const one = (id: string) => ({ type: "verdict", subject: "pull/7/42/1", atMs: 1, id, data: {} });
  for (let batch = 0; batch < 30; batch++)
    await scene.deps.engine.ledger.append(
      "repository/7/42",
      Array.from({ length: 100 }, (_, i) => one(`${batch}-${i}`)),
    );
  const events = await rest();
  expect(events.length).toBeGreaterThan(500);
  expect(events.length).toBeLessThan(2000);
  const again = await follow(scene, { from: String(events.at(-1)?.id) });
  const [following] = await again.next(1);
  expect(following?.data).toMatchObject({ sequence: events.length + 1 });
});

test.each([
  ["their session is over", async () => undefined],
  ["they are no auditor any more", async () => viewerOf({ roles: ["reader"] })],
  ["nobody can say who they are", () => Promise.reject(new Error("the store is away"))],
])("it ends when %s", async (_name, still) => {
  const scene = await village();
  const { rest } = await follow(scene, {
    viewer: { ...viewerOf({ roles }), still },
    limits: { ...LIMITS, askEveryMs: 5 },
  });
  expect(await rest()).toEqual([]);
});

test("what an auditor does not see any more is not sent any more", async () => {
  const scene = await village();
  let lost = false;
  let asked = 0;
  const still = async () => {
    if (lost) asked++;
    return viewerOf(lost ? { sees: [BANK], roles } : { roles });
  };
  const viewer = { ...viewerOf({ roles }), still };
  const { next } = await follow(scene, { viewer, limits: { ...LIMITS, askEveryMs: 5 } });
  await scene.judged(SHOP, 1);
  expect((await next(1))[0]?.data.stream).toBe("repository/7/42");
  lost = true;
  await expect.poll(() => asked).toBeGreaterThan(1);
  await scene.judged(SHOP, 2);
  await scene.judged(BANK, 3);
  expect((await next(1))[0]?.data.stream).toBe("repository/7/43");
});
