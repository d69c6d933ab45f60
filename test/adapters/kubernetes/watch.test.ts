import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import type { ServerResponse } from "node:http";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { KINDS } from "../../../src/model/kubernetes.ts";
import type { Watch } from "../../../src/ports/cluster.ts";
import { eventually, namesOf } from "../../contract/cluster-bench.ts";
import { json, listBody, type ScriptedApi, scriptedApi, secretBody, statusBody } from "./scripted-api.ts";

let api: ScriptedApi;
let watch: Watch;
let told: string[];
/** What a list answers now. */
let listed: [status: number, body: unknown];
/** Watches that are open, as the server sees them. */
let streams: ServerResponse[];

beforeEach(async () => {
  api = await scriptedApi();
  [told, streams] = [[], []];
  listed = [200, listBody([secretBody("a", "1"), secretBody("b", "2")])];
  api.answer = ({ url }, response) => {
    if (!url.searchParams.has("watch")) return json(response, ...listed);
    response.writeHead(200).flushHeaders();
    streams.push(response);
    return undefined;
  };
});
afterEach(async () => {
  watch.stop();
  await api.stop();
});

async function watched(options: Partial<Parameters<ScriptedApi["connect"]>[0]> = {}): Promise<void> {
  const cluster = await api.connect(options);
  watch = cluster.watch({ kind: KINDS.secret }, ({ metadata }, what) => void told.push(`${metadata.name} ${what}`));
  await eventually(() => expect(streams).toHaveLength(1));
  expect(told).toEqual(["a changed", "b changed"]);
  told = [];
}

const sent = (type: string, object: unknown) => `${JSON.stringify({ type, object })}\n`;
const bookmark = (resourceVersion: string) =>
  sent("BOOKMARK", { kind: "Secret", apiVersion: "v1", metadata: { resourceVersion, creationTimestamp: null } });
const lists = () => api.asked.filter(({ url }) => !url.searchParams.has("watch")).length;
const resumedAt = () => api.asked.at(-1)?.url.searchParams.get("resourceVersion");
const last = () => {
  const stream = streams.at(-1);
  if (stream === undefined) throw new Error("no watch is open");
  return stream;
};
const opened = (number: number) => eventually(() => expect(streams).toHaveLength(number));

describe("a watch", () => {
  test("begins where its list ended, and asks for bookmarks", async () => {
    await watched();
    expect(Object.fromEntries(api.asked.at(-1)?.url.searchParams ?? [])).toEqual({
      watch: "true",
      allowWatchBookmarks: "true",
      resourceVersion: "10",
      timeoutSeconds: expect.stringMatching(/^\d{3}$/),
    });
  });

  test("resumes after the last event or bookmark that it saw, without a list", async () => {
    await watched();
    last().write(sent("MODIFIED", secretBody("a", "11")));
    await eventually(() => expect(told).toEqual(["a changed"]));
    last().destroy();
    await opened(2);
    expect(resumedAt()).toBe("11");
    last().write(bookmark("25"));
    last().end();
    await opened(3);
    expect(resumedAt()).toBe("25");
    expect(lists()).toBe(1);
    expect(told).toEqual(["a changed"]);
  });

  test("understands events that come in pieces, and many at once", async () => {
    await watched();
    const text = sent("ADDED", secretBody("ü", "11")) + sent("DELETED", secretBody("b", "12"));
    for (const byte of Buffer.from(text)) last().write(Buffer.of(byte));
    await eventually(() => expect(told).toEqual(["ü changed", "b gone"]));
    expect(namesOf(watch.objects())).toEqual(["a", "ü"]);
  });

  test("keeps nothing of who manages which field", async () => {
    await watched();
    last().write(sent("MODIFIED", secretBody("a", "11")));
    await eventually(() => expect(told).toHaveLength(1));
    expect(JSON.stringify(watch.objects())).not.toContain("managedFields");
  });

  test.each<[string, string]>([
    ["the past is forgotten", sent("ERROR", statusBody(410, "Expired", "too old resource version"))],
    ["what comes is no event", "<html>\n"],
    ["what comes is no object", sent("ADDED", { metadata: {} })],
  ])("lists anew where %s", async (_what, text) => {
    await watched();
    listed = [200, listBody([secretBody("b", "3"), secretBody("c", "4")], "20")];
    last().write(text);
    await opened(2);
    expect(lists()).toBe(2);
    expect(resumedAt()).toBe("20");
    expect(told).toEqual(["b changed", "c changed", "a gone"]);
  });

  test("lists anew after it was refused: much may have happened unseen", async () => {
    await watched();
    const answer = api.answer;
    api.answer = ({ url }, response) => {
      if (!url.searchParams.has("watch")) return json(response, ...listed);
      api.answer = answer;
      return json(response, 403, statusBody(403, "Forbidden", 'User "x" cannot watch resource "secrets"'));
    };
    last().destroy();
    await opened(2);
    expect(lists()).toBe(2);
  });

  test("resumes where the server says that it failed", async () => {
    await watched();
    last().write(sent("ERROR", statusBody(500, "InternalError", "etcd")));
    await opened(2);
    expect(lists()).toBe(1);
    expect(told).toEqual([]);
  });

  test.each<[string, [number, unknown]]>([
    ["fails", [500, statusBody(500, "InternalError", "etcd")]],
    ["is forbidden", [403, statusBody(403, "Forbidden", 'User "x" cannot list resource "secrets"')]],
    ["is of a kind that is no longer known", [404, "404 page not found"]],
    ["is no list", [200, { kind: "Else" }]],
  ])("tells nothing as gone while its list %s", async (_what, answer) => {
    await watched();
    listed = answer;
    last().write(sent("ERROR", statusBody(410, "Expired", "too old")));
    await eventually(() => expect(watch.objects()).toBeUndefined());
    await eventually(() => expect(lists()).toBeGreaterThan(3));
    expect(told).toEqual([]);
    listed = [200, listBody([secretBody("a", "1")], "20")];
    await eventually(() => expect(namesOf(watch.objects())).toEqual(["a"]));
    expect(told).toEqual(["b gone"]);
  });

  test("that hears nothing for long, not even a bookmark, is opened anew", async () => {
    await watched({ silenceMs: 150 });
    await opened(2);
    expect(resumedAt()).toBe("10");
    expect(lists()).toBe(1);
  });

  test("says once that it was interrupted and once that it works again", async () => {
    await watched();
    const answer = api.answer;
    api.answer = (_asked, response) => response.destroy();
    last().destroy();
    const asked = api.asked.length;
    await eventually(() => expect(api.asked.length).toBeGreaterThan(asked + 3));
    api.answer = answer;
    await opened(2);
    last().write(bookmark("30"));
    await eventually(() => expect(api.logged.filter((line) => line.includes("works again"))).toHaveLength(1));
    expect(api.logged.filter((line) => line.includes("interrupted"))).toHaveLength(1);
  });
});

test("a process whose watches were stopped ends by itself", async () => {
  const source = (path: string) => JSON.stringify(join(import.meta.dirname, "../../../src", path));
  const script = join(api.directory, "watching.ts");
  await writeFile(
    script,
    `const { connectClusters } = await import(${source("adapters/kubernetes/clusters.ts")});
const log = { info() {}, warn() {}, error() {} };
const options = { kubeconfigPath: ${JSON.stringify(api.kubeconfigPath)}, clock: { now: Date.now }, log };
const cluster = (await connectClusters([{ name: "bed" }], options)).cluster("bed");
const kind = { apiVersion: "v1", kind: "Secret", plural: "secrets", namespaced: true };
const watch = cluster.watch({ kind }, () => undefined);
process.stdin.once("data", () => {
  watch.stop();
  process.stdin.destroy();
});
`,
  );
  watch = { objects: () => undefined, stop: () => undefined };
  const child = spawn(process.execPath, [script], { stdio: ["pipe", "ignore", "inherit"] });
  try {
    await opened(1);
    const ended = once(child, "exit");
    child.stdin.write("stop\n");
    expect(await ended).toEqual([0, null]);
  } finally {
    child.kill("SIGKILL");
  }
});
