import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { storageKey } from "../../../src/model/storage-key.ts";
import type { WorkloadClaims, WorkloadVerification } from "../../../src/ports/workload-identity.ts";
import { claims, ID, place, SHA, sarif, scene, stored, TOKEN, url, workflow } from "./report-scene.ts";

test("a report is taken once, and the very same one again changes nothing", async () => {
  const there = await scene();
  expect(await there.send()).toMatchObject({ status: 202, code: "taken" });
  const after = await there.scan();
  expect(after.state).toMatchObject({ is: "reported", findings: 1, runId: 99, url });
  expect(await stored(there)).toMatchObject({ id: ID, kind: "sast", sha: SHA, findings: [{ severity: "high" }] });
  expect((await there.engine.queue.stats()).ready).toBe(2);
  there.clock.advance(1000);
  expect(await there.send()).toMatchObject({ status: 202, code: "again" });
  expect(await there.scan()).toEqual(after);
  expect(there.counted).toEqual(["taken", "again"]);
});

test("a second report that differs is refused, whatever it says", async () => {
  const there = await scene();
  await there.send();
  const before = await stored(there);
  expect(await there.send({ body: gzipSync(sarif("another")) })).toMatchObject({ status: 409, code: "scan-reported" });
  const failed = { "hms-scan-outcome": "failed", "content-encoding": undefined };
  const body = Buffer.from(JSON.stringify({ reason: "no" }));
  expect(await there.send({ headers: failed, body })).toMatchObject({ status: 409 });
  expect(await stored(there)).toEqual(before);
  expect((await there.scan()).state.is).toBe("reported");
});

describe("refused, and nothing has changed", () => {
  const wrong = (why: "malformed" | "signature" | "expired" | "audience" | "issuer"): WorkloadVerification => ({
    ok: false,
    why,
  });
  const claiming = (change: Partial<WorkloadClaims>): WorkloadVerification => ({
    ok: true,
    claims: { ...claims, ...change },
  });

  test.each<[string, number, string, WorkloadVerification]>([
    ["alg none, a wrong key", 401, "scan-token", wrong("signature")],
    ["expired, replayed later", 401, "scan-token", wrong("expired")],
    ["a wrong audience", 401, "scan-token", wrong("audience")],
    ["another issuer", 401, "scan-token", wrong("issuer")],
    ["no token at all", 401, "scan-token", wrong("malformed")],
    ["another repository", 403, "scan-claims", claiming({ repositoryId: 43 })],
    ["another workflow", 403, "scan-claims", claiming({ workflowRef: workflow.replace("hms-scan", "ci") })],
    ["another branch", 403, "scan-claims", claiming({ ref: "refs/heads/feature" })],
    ["another run", 403, "scan-claims", claiming({ runId: 98 })],
    ["another attempt", 403, "scan-claims", claiming({ runAttempt: 2 })],
    ["another actor", 403, "scan-claims", claiming({ actorId: 6 })],
    ["another event", 403, "scan-claims", claiming({ eventName: "push" })],
  ])("%s", async (_, status, code, answer) => {
    const there = await scene();
    there.verified.answer = answer;
    expect(await there.send()).toMatchObject({ status, code });
    expect((await there.scan()).state.is).toBe("running");
    expect(await stored(there)).toBeUndefined();
    const why = status === 401 ? "wrong-token" : "wrong-claim";
    expect([await there.refusals(), there.counted]).toEqual([[why], [why]]);
  });

  test.each<[string, number, string, Record<string, string | undefined>]>([
    ["a wrong nonce", 403, "scan-claims", { "hms-scan-nonce": "m".repeat(43) }],
    ["a wrong commit", 403, "scan-claims", { "hms-scan-sha": "b".repeat(40) }],
    ["no nonce", 400, "scan-report-malformed", { "hms-scan-nonce": undefined }],
    ["a short commit", 400, "scan-report-malformed", { "hms-scan-sha": "aaaaaaa" }],
    ["another outcome", 400, "scan-report-malformed", { "hms-scan-outcome": "skipped" }],
    ["not packed", 400, "scan-report-malformed", { "content-encoding": undefined }],
    ["no token", 401, "scan-token", { authorization: undefined }],
    ["another scheme", 401, "scan-token", { authorization: `Basic ${TOKEN}` }],
    ["too much is announced", 413, "too-large", { "content-length": String(11 * 1024 * 1024) }],
  ])("%s", async (_, status, code, headers) => {
    const there = await scene();
    expect(await there.send({ headers })).toMatchObject({ status, code });
    expect((await there.scan()).state.is).toBe("running");
    expect(await stored(there)).toBeUndefined();
  });

  test("no such scan, or one whose place another took", async () => {
    const there = await scene();
    expect(await there.send({ id: "2".repeat(32) })).toMatchObject({ status: 404, code: "scan-unknown" });
    expect(await there.send({ id: "../../x" })).toMatchObject({ status: 404 });
    await there.engine.records.put(storageKey.scanById("2".repeat(32)), place);
    expect(await there.send({ id: "2".repeat(32) })).toMatchObject({ status: 404, code: "scan-unknown" });
    expect((await there.scan()).state.is).toBe("running");
  });

  test("the issuer is away: nothing is decided", async () => {
    const there = await scene();
    there.verified.answer = "away";
    expect(await there.send()).toMatchObject({ status: 503, code: "scan-busy" });
    expect((await there.scan()).state.is).toBe("running");
    expect(await there.refusals()).toEqual([]);
  });

  test("GitHub is away, and cannot say who we are: nothing is decided", async () => {
    const there = await scene();
    there.github.away = true;
    expect(await there.send()).toMatchObject({ status: 503, code: "scan-busy" });
    there.github.away = false;
    expect(await there.send()).toMatchObject({ status: 202, code: "taken" });
  });

  test("the run is not known yet", async () => {
    const there = await scene({ is: "starting" });
    expect(await there.send()).toMatchObject({ status: 503, code: "scan-busy" });
    expect((await there.scan()).state).toEqual({ is: "starting" });
  });

  test.each(["failed", "timed-out", "cancelled", "not-installed"] as const)("the scan is over: %s", async (is) => {
    const there = await scene({ is, reason: "because" });
    expect(await there.send()).toMatchObject({ status: 409, code: "scan-over" });
    expect((await there.scan()).state).toEqual({ is, reason: "because" });
  });

  test("it comes after its deadline, though nobody has looked", async () => {
    const there = await scene();
    there.clock.advance(60_000);
    expect(await there.send()).toMatchObject({ status: 409, code: "scan-over" });
    expect(await stored(there)).toBeUndefined();
  });
});

describe("a report that is not whole fails the scan and names the place", () => {
  test.each<[string, number, Uint8Array]>([
    ["no gzip", 400, sarif()],
    ["cut off", 400, gzipSync(sarif()).subarray(0, 80)],
    ["no JSON", 400, gzipSync("{")],
    ["no SARIF", 400, gzipSync("{}")],
    ["without results", 400, gzipSync(sarif().toString().replace('"results"', '"other"'))],
    ["of another tool", 400, gzipSync(sarif().toString().replace("Semgrep OSS", "my own"))],
    ["a bomb", 413, gzipSync(Buffer.alloc(4_000_000, " "))],
  ])("%s", async (_, status, body) => {
    const there = await scene();
    const answer = await there.send({ body });
    expect(answer).toMatchObject({ status, code: status === 413 ? "too-large" : "scan-report-refused" });
    expect(answer.detail).not.toBe("");
    expect((await there.scan()).state).toMatchObject({ is: "failed", reason: expect.stringContaining("refused"), url });
    expect(await stored(there)).toBeUndefined();
    // It is not mended by another: a new scan is.
    expect(await there.send()).toMatchObject({ status: 409, code: "scan-over" });
  });
});

test("the run says that its tool failed", async () => {
  const there = await scene();
  const headers = { "hms-scan-outcome": "failed", "content-encoding": undefined };
  const send = (body: string) => there.send({ headers, body: Buffer.from(body) });
  expect(await send("x".repeat(20_000))).toMatchObject({ status: 413 });
  expect(await send("[]")).toMatchObject({ status: 400, code: "scan-report-malformed" });
  expect(await send('{"reason":7}')).toMatchObject({ status: 400 });
  expect((await there.scan()).state.is).toBe("running");
  expect(await send('{"reason":"semgrep ended with 2"}')).toMatchObject({ status: 202, code: "failed" });
  expect((await there.scan()).state).toMatchObject({ is: "failed", reason: "The scan failed: semgrep ended with 2" });
});

test("a reason as long as the Action gives one is taken, in whatever letters tools write", async () => {
  const there = await scene();
  const headers = { "hms-scan-outcome": "failed", "content-encoding": undefined };
  const reason = '"└──'.repeat(375);
  expect(await there.send({ headers, body: Buffer.from(JSON.stringify({ reason })) })).toMatchObject({ status: 202 });
  expect((await there.scan()).state).toMatchObject({
    is: "failed",
    reason: `The scan failed: ${reason.slice(0, 500)}`,
  });
});

test("a token's holder does not have us read without end", async () => {
  const there = await scene({ is: "reported", atMs: 0, digest: "d", findings: 0, runId: 99, url });
  const statuses: number[] = [];
  for (let request = 0; request < 12; request++) statuses.push((await there.send()).status);
  expect(statuses.slice(0, 10)).toEqual(Array(10).fill(409));
  expect(statuses.slice(10)).toEqual([429, 429]);
  there.clock.advance(10 * 60_000);
  expect((await there.send()).status).toBe(409);
});

test("a body that breaks off changes nothing, and the report may come again", async () => {
  const there = await scene();
  const packed = gzipSync(sarif());
  let pieces = 0;
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (pieces++ === 0) controller.enqueue(new Uint8Array(packed.subarray(0, 60)));
      else controller.error(new Error("aborted"));
    },
  });
  // As the Action does with such an answer, and with no 400.
  expect(await there.send({ body })).toMatchObject({ status: 503, code: "scan-busy", detail: "The body broke off." });
  expect((await there.scan()).state.is).toBe("running");
  expect(await stored(there)).toBeUndefined();
  expect(await there.send()).toMatchObject({ status: 202, code: "taken" });
});

test("two reports at a time: one is taken, and the other one finds it taken", async () => {
  const there = await scene();
  const [one, other] = [gzipSync(sarif("one")), gzipSync(sarif("other"))];
  const answers = await Promise.all([one, other, one, other].map((body) => there.send({ body })));
  expect(answers.filter(({ code }) => code === "taken")).toHaveLength(1);
  for (const { status } of answers) expect([202, 409, 503]).toContain(status);
  const { state } = await there.scan();
  expect(state.is === "reported" && state.digest).toBe((await stored(there))?.digest);
  const again = await Promise.all([await there.send({ body: one }), await there.send({ body: other })]);
  expect(again.map(({ code }) => code).sort()).toEqual(["again", "scan-reported"]);
});

test("another scan reported while this one's report was read: that one's stays, and nothing of this one is uploaded", async () => {
  const there = await scene();
  const { records } = there.engine;
  const run = await there.scan();
  await records.put(storageKey.scanRun(1, 42, SHA, "sast"), { ...run, uploadTo: "refs/pull/12/head" });
  const packed = gzipSync(sarif());
  const next = { id: "2".repeat(32), digest: "d" };
  let begun = false;
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      if (!begun) {
        begun = true;
        controller.enqueue(packed.subarray(0, 20));
        return;
      }
      const state = { is: "reported", atMs: 0, digest: next.digest, findings: 0 };
      await records.put(storageKey.scanRun(1, 42, SHA, "sast"), { ...run, id: next.id, state });
      await records.put(storageKey.scanResult(1, 42, SHA, "sast"), next);
      controller.enqueue(packed.subarray(20));
      controller.close();
    },
  });
  expect(await there.send({ body })).toMatchObject({ status: 409, code: "scan-over" });
  expect(await stored(there)).toEqual(next);
  expect(await records.list(storageKey.scanUploads(1, 42, SHA))).toEqual([]);
});
