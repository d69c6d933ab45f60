import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import type { ScanRunState } from "../../../src/model/scan.ts";
import { type Scene, sarif, scene, stored, TOKEN } from "./report-scene.ts";

/* Reports of Jobs: by a token of ours instead of GitHub's. */

const OWN = `hms-scan-${"t".repeat(43)}`;
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

function jobScene(state: ScanRunState = { is: "running" }, uid: string | undefined = "uid-1"): Promise<Scene> {
  const tokenSha256 = createHash("sha256").update(OWN).digest("hex");
  return scene(state, {
    on: { cluster: "in-cluster", preview: "pr-1" },
    job: { namespace: "hms-scan-1", tokenSha256, ...(uid === undefined ? {} : { uid }) },
  });
}

test("it is taken once: the same token again is refused, whatever it brings", async () => {
  const there = await jobScene();
  expect(await there.send({ headers: bearer(OWN) })).toMatchObject({ status: 202, code: "taken" });
  expect((await there.scan()).state).toMatchObject({ is: "reported", findings: 1 });
  const before = await stored(there);
  for (const body of [gzipSync(sarif()), gzipSync(sarif("another"))])
    expect(await there.send({ headers: bearer(OWN), body })).toMatchObject({ status: 409, code: "scan-reported" });
  expect(await stored(there)).toEqual(before);
  expect(there.counted).toEqual(["taken", "another-report", "another-report"]);
});

describe("refused, and nothing has changed", () => {
  test.each<[string, number, string, Record<string, string>]>([
    ["another token of ours", 401, "scan-token", bearer(`hms-scan-${"u".repeat(43)}`)],
    ["a token that is cut off", 401, "scan-token", bearer(OWN.slice(0, -1))],
    ["a workflow's valid token", 401, "scan-token", bearer(TOKEN)],
    ["a wrong commit", 403, "scan-claims", { ...bearer(OWN), "hms-scan-sha": "b".repeat(40) }],
    ["a wrong nonce", 403, "scan-claims", { ...bearer(OWN), "hms-scan-nonce": "m".repeat(43) }],
  ])("%s", async (_, status, code, headers) => {
    const there = await jobScene();
    expect(await there.send({ headers })).toMatchObject({ status, code });
    expect((await there.scan()).state).toEqual({ is: "running" });
    expect(await stored(there)).toBeUndefined();
    expect(there.counted).toHaveLength(1);
  });

  test("a token of a Job where a workflow makes the scan", async () => {
    const there = await scene();
    there.verified.answer = { ok: false, why: "malformed" };
    expect(await there.send({ headers: bearer(OWN) })).toMatchObject({ status: 401, code: "scan-token" });
    expect((await there.scan()).state.is).toBe("running");
    expect(await there.refusals()).toEqual(["wrong-token"]);
  });

  test("after the deadline", async () => {
    const there = await jobScene();
    there.clock.advance(60_000);
    expect(await there.send({ headers: bearer(OWN) })).toMatchObject({ status: 409, code: "scan-over" });
    expect(await stored(there)).toBeUndefined();
    expect(await there.refusals()).toEqual(["over"]);
  });

  test("its Job does not run: it ended, was removed, or another stands in its place", async () => {
    const there = await jobScene();
    there.jobs.at = "not-running";
    expect(await there.send({ headers: bearer(OWN) })).toMatchObject({ status: 409, code: "scan-over" });
    expect((await there.scan()).state).toEqual({ is: "running" });
    expect(await stored(there)).toBeUndefined();
  });

  test("the cluster is away: nothing is decided", async () => {
    const there = await jobScene();
    there.jobs.at = "unseen";
    expect(await there.send({ headers: bearer(OWN) })).toMatchObject({ status: 503, code: "scan-busy" });
    expect(await there.refusals()).toEqual([]);
    there.jobs.at = "running";
    expect(await there.send({ headers: bearer(OWN) })).toMatchObject({ status: 202 });
  });

  test.each(["failed", "timed-out", "cancelled"] as const)("the scan is over: %s", async (is) => {
    const there = await jobScene({ is, reason: "because" });
    expect(await there.send({ headers: bearer(OWN) })).toMatchObject({ status: 409, code: "scan-over" });
  });
});

test("a report that cannot be read uses the token up", async () => {
  const there = await jobScene();
  const body = gzipSync("{");
  expect(await there.send({ headers: bearer(OWN), body })).toMatchObject({ status: 400, code: "scan-report-refused" });
  expect((await there.scan()).state).toMatchObject({ is: "failed" });
  expect(await there.send({ headers: bearer(OWN) })).toMatchObject({ status: 409, code: "scan-over" });
});
