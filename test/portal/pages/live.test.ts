import { Hono } from "hono";
import { pino } from "pino";
import { expect, onTestFinished, test } from "vitest";
import { type LiveOptions, liveRoute } from "../../../src/portal/pages/live.ts";
import type { Viewer } from "../../../src/portal/viewer.ts";
import { BANK, SHOP, type Village, viewerOf, village } from "../views/village.ts";

/** Streams of one process, each read event by event. */
function streams({ deps }: Village, options: Partial<LiveOptions> = {}) {
  const route = liveRoute({ ledger: deps.engine.ledger, log: pino({ enabled: false }), ...options });
  if (route.access === "public") throw new Error("anybody could listen");
  const { handler } = route;
  return async (viewer: Viewer, headers: Record<string, string> = {}, method = "GET") => {
    const app = new Hono();
    app.get("/live", (context) => handler(context, viewer));
    const answer = await app.request("/live", { headers, method });
    if (answer.status !== 200 || !answer.body)
      return { status: answer.status, next: undefined as never, close: async () => {} };
    const reader = answer.body.getReader();
    const close = () => reader.cancel();
    onTestFinished(close);
    let text = "";
    return {
      status: answer.status,
      /** The next event or comment; undefined at the end. */
      async next(): Promise<string | undefined> {
        while (!text.includes("\n\n")) {
          const { done, value } = await reader.read();
          if (done) return undefined;
          text += new TextDecoder().decode(value);
        }
        const end = text.indexOf("\n\n");
        const event = text.slice(0, end);
        text = text.slice(end + 2);
        return event;
      },
      close,
    };
  };
}

test("what happens in a repository that the viewer sees is told, with the repository alone", async () => {
  const town = await village();
  const stream = await streams(town)(viewerOf());
  expect(await stream.next()).toContain("event: hello");
  await town.judged(SHOP, 1);
  expect(await stream.next()).toBe('event: changed\ndata: {"repositories":["7/42"]}\nid: repository/7/42:1');
});

test("of a repository that the viewer does not see, nothing is told", async () => {
  const town = await village();
  const stream = await streams(town, { heartbeatMs: 20 })(viewerOf({ sees: [BANK] }));
  await stream.next();
  await town.judged(SHOP, 1);
  expect(await stream.next()).toBe(": still here");
  await town.judged(BANK, 2);
  let event = await stream.next();
  while (event === ": still here") event = await stream.next();
  expect(event).toContain('{"repositories":["7/43"]}');
});

test("a stream that is taken up again tells what happened in between, and only that", async () => {
  const town = await village();
  await town.judged(SHOP, 1);
  await town.judged(BANK, 2);
  const again = await streams(town)(viewerOf(), { "last-event-id": "repository/7/42:1" });
  await again.next();
  expect(await again.next()).toContain('{"repositories":["7/43"]}');
  const current = await streams(town, { heartbeatMs: 20 })(viewerOf(), { "last-event-id": "repository/7/43:1" });
  await current.next();
  expect(await current.next()).toBe(": still here");
});

test("more than can be looked through was missed: anything may have happened", async () => {
  const town = await village();
  await town.judged(SHOP, 1);
  const events = Array.from({ length: 1_000 }, (_, at) => ({
    type: "x",
    subject: "pull/7/42/1",
    atMs: 0,
    id: `x/${at}`,
    data: {},
  }));
  await town.deps.engine.ledger.append("repository/7/42", events);
  const stream = await streams(town)(viewerOf(), { "last-event-id": "repository/7/42:1" });
  await stream.next();
  expect(await stream.next()).toContain('{"repositories":[]}');
});

test.each(["", "nonsense", "repository/7/42:x", "repository/7/42:1\n", `repository/7/42:${"9".repeat(30)}`])(
  "an id that is none (%j) begins anew",
  async (id) => {
    const town = await village();
    await town.judged(SHOP, 1);
    const stream = await streams(town, { heartbeatMs: 20 })(viewerOf(), { "last-event-id": id });
    await stream.next();
    expect(await stream.next()).toBe(": still here");
  },
);

test("an id in a repository that the viewer does not see is none, whether it exists or not", async () => {
  const town = await village();
  await town.judged(BANK, 1);
  await town.judged(SHOP, 2);
  const stream = await streams(town, { heartbeatMs: 20 })(viewerOf({ sees: [SHOP] }), {
    "last-event-id": "repository/7/43:1",
  });
  await stream.next();
  expect(await stream.next()).toBe(": still here");
});

test("one viewer has six streams at most; one that ends makes room, and others have their own", async () => {
  const open = streams(await village());
  const own = [];
  for (let count = 0; count < 6; count++) own.push(await open(viewerOf()));
  expect(own.map(({ status }) => status)).toEqual(Array(6).fill(200));
  expect((await open(viewerOf())).status).toBe(429);
  expect((await open(viewerOf({ login: "grace" }))).status).toBe(200);
  await own[0]?.close();
  await expect.poll(async () => (await open(viewerOf())).status).toBe(200);
});

test("a stream that nobody reads ends after its life, too", async () => {
  const open = streams(await village(), { heartbeatMs: 5, lifeMs: 100 });
  for (let count = 0; count < 6; count++) await open(viewerOf(), {}, "HEAD");
  expect((await open(viewerOf())).status).toBe(429);
  await expect.poll(async () => (await open(viewerOf())).status).toBe(200);
});

test("a stream ends after its life, so that whoever takes it up is asked anew what they may see", async () => {
  const stream = await streams(await village(), { lifeMs: 20 })(viewerOf());
  await stream.next();
  expect(await stream.next()).toBeUndefined();
});

test("a stream ends once its viewer's session is over, and when nobody can say whether it is", async () => {
  for (const still of [async () => undefined, () => Promise.reject(new Error("the store is away"))]) {
    const stream = await streams(await village(), { askEveryMs: 5 })({ ...viewerOf(), still });
    await stream.next();
    expect(await stream.next()).toBeUndefined();
  }
});

test("what a viewer does not see any more is not told any more", async () => {
  const town = await village();
  let lost = false;
  let asked = 0;
  const still = async () => {
    if (lost) asked++;
    return viewerOf(lost ? { sees: [BANK] } : {});
  };
  const stream = await streams(town, { askEveryMs: 5 })({ ...viewerOf(), still });
  await stream.next();
  await town.judged(SHOP, 1);
  expect(await stream.next()).toContain('{"repositories":["7/42"]}');
  lost = true;
  await expect.poll(() => asked).toBeGreaterThan(1);
  await town.judged(SHOP, 2);
  await town.judged(BANK, 3);
  expect(await stream.next()).toContain('{"repositories":["7/43"]}');
});

test("a store that fails ends the stream: the log has the words, who listens has none of them", async () => {
  const town = await village();
  const warned: unknown[] = [];
  const ledger = { tail: () => () => undefined, query: () => Promise.reject(new Error("disk of ada")) };
  const log = { warn: (about: object) => void warned.push(about) } as unknown as LiveOptions["log"];
  const stream = await streams(town, { ledger, log })(viewerOf(), { "last-event-id": "repository/7/42:1" });
  expect(await stream.next()).toBeUndefined();
  expect(warned).toMatchObject([{ err: { message: "disk of ada" } }]);
});
