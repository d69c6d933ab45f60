import { expect, test } from "vitest";
import { waiversView } from "../../../src/portal/views/waivers-view.ts";
import { finding, report, scanned, waivers } from "./findings-scene.ts";
import { SHOP, viewerOf, village } from "./village.ts";

const EVAL = { reason: "It goes in spring.", owner: "acme/sre", until: "2027-01-31", line: 4 };

test("in use also while a pull request still names the line that its waiver stood on before the file was edited", async () => {
  const town = await village();
  await town.judged(SHOP, 12);
  town.clock.advance(Date.parse("2026-12-01T00:00:00Z") - town.clock.now());
  const { until: expires, ...own } = EVAL;
  const [a, b] = [finding("a"), finding("b")];
  await scanned(town, SHOP, 12, [
    report([
      { ...a, waiver: EVAL },
      { ...b, waiver: { ...EVAL, line: 9 } },
      finding("c", { waiver: { ...EVAL, line: 14 } }),
    ]),
  ]);
  await waivers(town, SHOP, [
    { ...own, fingerprint: a.fingerprint, expires, line: 9 },
    { ...own, fingerprint: b.fingerprint, expires, line: 14 },
    { ...own, rule: "sast/eval", path: "src/c.js", expires, line: 19 },
    { ...own, rule: "sast/eval", path: "src/d.js", expires: "2027-02-28", line: 24 },
  ]);
  const [view] = await waiversView(town.deps, viewerOf());
  expect(view?.waivers.map(({ line, state, findings }) => [line, state, findings])).toEqual([
    [9, "in-use", 1],
    [14, "in-use", 1],
    [19, "in-use", 1],
    [24, "unused", 0],
  ]);
});
