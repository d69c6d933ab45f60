import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { tarGz } from "../adapters/opa/archive.ts";
import { policyWasm } from "../adapters/opa/bundle-policy.ts";
import { bodies, policyThat } from "../adapters/opa/rewritten-policy.ts";
import { asPublished, type Published } from "../portal/api/client.ts";
import { plantedKey, type Stage, setStage } from "../stage/stage.ts";
import { concluded, idle, newRepository, openPull, until } from "./scene.ts";

const TOKEN = "operator-token-of-the-stage-0123456789abcdef";

let stage: Stage;
let document: Published;
beforeAll(async () => {
  stage = await setStage({ environment: { HMS_OPERATOR_TOKEN: TOKEN } });
  document = (await (await fetch(`${stage.hms.url}/api/v1/openapi.json`)).json()) as Published;
});
afterAll(() => stage.close());

/** An answer of the process, held against its own description. */
async function ask(method: string, path: string, body?: unknown): Promise<{ status: number; body: Answer }> {
  const binary = body instanceof Uint8Array;
  const type = binary ? "application/gzip" : "application/json";
  const answer = await fetch(`${stage.hms.url}/api/v1${path}`, {
    method,
    headers: { authorization: `Bearer ${TOKEN}`, ...(body === undefined ? {} : { "content-type": type }) },
    ...(body === undefined ? {} : { body: binary ? new Uint8Array(body) : JSON.stringify(body) }),
  });
  const found = (await answer.json()) as Answer;
  asPublished(document, method, path, answer, found);
  return { status: answer.status, body: found };
}

/** Whatever was asked for: its shape is held against the description. */
interface Answer {
  [member: string]: unknown;
}

interface Row {
  id: string;
  number: number;
  repository: string;
  outcome: string;
}

const decisions = async (query: string) => (await ask("GET", `/decisions?${query}`)).body.items as Row[];

describe("the API of the process", () => {
  test("shows what became of a pull request, from the delivery's verdict to the written check, and after its merge", async () => {
    const repository = await newRepository(stage, {}, "story");
    const pull = await openPull(stage, repository);
    await concluded(stage, pull, "success");
    await idle(stage);
    const open = await ask("GET", "/pulls?owner=acme&repository=story");
    expect(open.body.items).toMatchObject([
      { number: pull.number, state: "allow", author: "ada", headSha: pull.sha, gateTitle: "Ready to merge" },
    ]);
    const { body } = await ask("GET", `/pulls/acme/story/${pull.number}`);
    expect(body).toMatchObject({ integrity: "holds", row: { open: true } });
    const types = (body.timeline as { type: string }[]).map(({ type }) => type);
    expect(types).toEqual(expect.arrayContaining(["verdict", "check_written"]));
    expect((body.checks as { name: string }[]).map(({ name }) => name)).toContain("hms/gate");
    expect((await stage.as("linus", "PUT", `/repos/acme/story/pulls/${pull.number}/merge`, {})).status).toBe(200);
    await until(stage, "the merge is known", async () => {
      const { body: now } = await ask("GET", `/pulls/acme/story/${pull.number}`);
      return (now.row as { merged: boolean }).merged;
    });
    expect((await ask("GET", "/pulls?owner=acme&repository=story")).body.items).toEqual([]);
    expect((await ask("GET", `/pulls/acme/story/${pull.number}`)).body).toMatchObject({ row: { state: "allow" } });
  });

  test("replays every decision that the process made to the same verdict, also after kill -9", async () => {
    const repository = await newRepository(stage, {}, "replay");
    const green = await openPull(stage, repository);
    const red = await openPull(stage, repository, { files: { "key.txt": `key = "${plantedKey()}"\n` } });
    const draft = await openPull(stage, repository, { draft: true });
    await concluded(stage, green, "success");
    await concluded(stage, red, "failure");
    await idle(stage);
    await stage.restart("SIGKILL");
    const all = await decisions("owner=acme&repository=replay");
    expect(new Set(all.map(({ number }) => number))).toEqual(new Set([green.number, red.number, draft.number]));
    for (const { id, outcome } of all) {
      expect((await ask("GET", `/decisions/${id}`)).body).toMatchObject({ integrity: "holds", sameBundle: true });
      const { body } = await ask("POST", `/decisions/${id}/replay`);
      expect(body).toMatchObject({ kind: "judged", same: true, sameBundle: true, before: { outcome } });
    }
    const [first] = all.filter(({ number }) => number === green.number);
    const { body } = await ask("POST", `/decisions/${first?.id}/simulate`, { patch: { unknown: ["who approved"] } });
    expect(body).toMatchObject({ same: false, before: { outcome: "allow" } });
    expect((body.after as { outcome: string }).outcome).not.toBe("allow");
    expect(await decisions("owner=acme&repository=replay")).toEqual(all);
  });

  test("what-if over the decisions of the process: edited facts, the same policy, and one that loops", async () => {
    const repository = await newRepository(stage, {}, "whatif");
    const merged = await openPull(stage, repository);
    await concluded(stage, merged, "success");
    await stage.as("linus", "PUT", `/repos/acme/whatif/pulls/${merged.number}/merge`, {});
    await idle(stage);
    const { body } = await ask("POST", "/what-if?days=1", { patch: { unknown: ["anything"] } });
    const changes = body.changes as { decision: Row; from: string; to: string; mergedAtMs?: number }[];
    const own = changes.filter(({ decision }) => decision.repository === "whatif");
    expect(own).toMatchObject([{ decision: { number: merged.number }, from: "allow", mergedAtMs: expect.anything() }]);
    const same = await ask("POST", "/what-if", tarGz([{ path: "/policy.wasm", bytes: policyWasm }]));
    expect(same.body).toMatchObject({ changes: [], undecided: 0 });
    const looping = tarGz([{ path: "/policy.wasm", bytes: policyThat(bodies.loopsForever) }]);
    const answer = await ask("POST", "/what-if", looping);
    expect(answer.status === 422 || Number(answer.body.undecided) > 0).toBe(true);
    // Nobody else was kept waiting, and the policy in force is the one that it was.
    const next = await openPull(stage, repository);
    await concluded(stage, next, "success");
  }, 60_000);

  test("the ledger can be followed across a crash: nothing is lost, nothing comes twice, and its chain holds", async () => {
    const repository = await newRepository(stage, {}, "tail");
    const first = await openPull(stage, repository);
    await concluded(stage, first, "success");
    const before = await follow(
      undefined,
      (events) => events.length >= 1,
      async () => {
        await stage.as("ada", "PATCH", `/repos/acme/tail/pulls/${first.number}`, { state: "closed" });
      },
    );
    const second = await openPull(stage, repository);
    await concluded(stage, second, "success");
    await idle(stage);
    await stage.restart("SIGKILL");
    const after = await follow(before.at(-1)?.id, (events) => events.some(({ event }) => event === "check_written"));
    expect(after.map(({ event }) => event)).toContain("verdict");
    expect(new Set(after.map(({ id }) => id)).size).toBe(after.length);
    const { body } = await ask("GET", "/ledger/streams");
    for (const stream of body.items as string[])
      expect((await ask("GET", `/ledger/verification?stream=${stream}`)).body).toMatchObject({ holds: true });
  });

  test("without a token, or with another, nothing is told but the description", async () => {
    for (const headers of [{}, { authorization: `Bearer ${TOKEN}x` }, { authorization: "Bearer " }] as const) {
      const answer = await fetch(`${stage.hms.url}/api/v1/pulls`, { headers });
      expect(answer.status).toBe(401);
      expect(await answer.json()).toMatchObject({ code: "not-signed-in" });
    }
    expect((await ask("GET", "/queue")).status).toBe(200);
    expect((await ask("POST", "/queue/retry", { key: "pull/1/2/3" })).status).toBe(404);
    const log = stage.hms.output();
    expect(log).not.toContain(TOKEN);
  });

  test("docs/api.md lists every operation of the description", () => {
    const text = readFileSync(new URL("../../docs/api.md", import.meta.url), "utf8");
    const listed = [...text.matchAll(/^\| `(GET|POST) (\S+)`/gm)].map(([, method, path]) => `${method} ${path}`);
    const described = Object.entries(document.paths).flatMap(([path, operations]) =>
      Object.keys(operations).map((method) => `${method.toUpperCase()} ${path}`),
    );
    expect(listed.sort()).toEqual(described.sort());
  });

  // Last, since it uses up what one sender may ask for.
  test("who went away keeps no place: neither of a live connection nor of a question", async () => {
    const headers = { authorization: `Bearer ${TOKEN}` };
    for (let opened = 0; opened < 25; opened++) {
      const going = new AbortController();
      const open = async () => fetch(`${stage.hms.url}/api/v1/ledger/tail`, { headers, signal: going.signal });
      await until(stage, "there is room for another", async () => (await open()).status === 200);
      going.abort();
    }
    const looping = tarGz([{ path: "/policy.wasm", bytes: policyThat(bodies.loopsForever) }]);
    const asking = new AbortController();
    const left = fetch(`${stage.hms.url}/api/v1/what-if`, {
      method: "POST",
      headers: { ...headers, "content-type": "application/gzip" },
      body: new Uint8Array(looping),
      signal: asking.signal,
    });
    await until(
      stage,
      "the question is being answered",
      async () => (await ask("POST", "/what-if")).body.code === "what-if-busy",
    );
    asking.abort();
    await expect(left).rejects.toThrow();
    await until(stage, "another question is answered", async () => (await ask("POST", "/what-if")).status === 200);
  }, 60_000);
});

interface Event {
  id: string;
  event: string;
}

/** Reads the tail until there is enough. `work` begins once the connection stands. */
async function follow(
  from: string | undefined,
  enough: (events: Event[]) => boolean,
  work?: () => Promise<unknown>,
): Promise<Event[]> {
  const going = new AbortController();
  const headers = { authorization: `Bearer ${TOKEN}`, ...(from === undefined ? {} : { "last-event-id": from }) };
  const response = await fetch(`${stage.hms.url}/api/v1/ledger/tail`, { headers, signal: going.signal });
  expect(response.headers.get("content-type")).toBe("text/event-stream");
  const events: Event[] = [];
  let text = "";
  const decoder = new TextDecoder();
  const working = work?.();
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk, { stream: true });
    const blocks = text.split("\n\n");
    text = blocks.pop() ?? "";
    for (const block of blocks) {
      const [, id] = /^id: (.+)$/m.exec(block) ?? [];
      const [, event] = /^event: (.+)$/m.exec(block) ?? [];
      if (id && event) events.push({ id, event });
    }
    if (enough(events)) break;
  }
  going.abort();
  await working;
  return events;
}
