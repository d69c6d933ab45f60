import { expect, test } from "vitest";
import { openSandbox } from "../../../src/adapters/opa/sandbox.ts";
import { SHOP, viewerOf, village } from "../views/village.ts";
import { site, words } from "./site.ts";

async function merged(count: number) {
  const town = await village(openSandbox);
  for (let number = 1; number <= count; number++) {
    await town.judged(SHOP, number, {}, { title: `Change ${number}.` });
    await town.closed(SHOP, number, true);
  }
  return town;
}

test("which merges would two approvals have blocked?", async () => {
  const pages = site(await merged(3), viewerOf());
  const { status, text } = await pages.post("/what-if", { patch: '{"config":{"approvals":{"count":2}}}', days: "30" });
  expect(status).toBe(200);
  const said = words(text);
  expect(said).toContain("It would have blocked 3 of 3 merges .");
  expect(said).toMatch(
    /Change 3\. acme\/shop #3 · Decision Ready to merge Waiting for people approvals 1 of 2 approvals/,
  );
  expect(text).toContain('href="/pulls/acme/shop/3"');
});

test("a patch that changes nothing blocks nothing, and no table is shown", async () => {
  const { text } = await site(await merged(1), viewerOf()).post("/what-if", { patch: "{}", days: "7" });
  expect(words(text)).toContain("It would have blocked none of 1 merges.");
  expect(text).not.toContain("<table");
  expect(text).toContain('<option value="7" selected>');
});

test.each([
  ["nothing asked", { patch: " " }, "Give a patch, a bundle, or both."],
  ["no JSON", { patch: "{" }, "The JSON cannot be read"],
  ["no object", { patch: "2" }, "The JSON has to be an object"],
])("%s is refused with what to give", async (_what, fields, expected) => {
  const { status, text } = await site(await merged(1), viewerOf()).post("/what-if", fields);
  expect(status).toBe(422);
  expect(words(text)).toContain(expected);
});

test("facts that cannot be judged, and a file that is no bundle, are refused by name", async () => {
  const pages = site(await merged(1), viewerOf());
  expect(words((await pages.post("/what-if", { patch: '{"approvals": "many"}' })).text)).toMatch(
    /The patch makes facts that cannot be judged \(decision dec_\w+\)\. approvals:/,
  );
  const bundle = new File(["no bundle"], "<b>.tar.gz", { type: "application/gzip" });
  expect(words((await pages.post("/what-if", { bundle })).text)).toContain("This policy bundle cannot be used.");
});

test("a body over nine megabytes is refused before it is parsed", async () => {
  const { app } = site(await merged(0), viewerOf());
  const { status } = await app.request("https://hms.example.com/what-if", {
    method: "POST",
    headers: { "sec-fetch-site": "same-origin", "content-type": "multipart/form-data; boundary=x" },
    body: new Uint8Array(9 * 1024 * 1024 + 1),
  });
  expect(status).toBe(413);
});

test("decisions of repositories that the viewer does not see are not among the answer", async () => {
  const { text } = await site(await merged(2), viewerOf({ sees: [] })).post("/what-if", {
    patch: '{"config":{"approvals":{"count":2}}}',
  });
  expect(words(text)).toContain("none of 0 merges");
});
