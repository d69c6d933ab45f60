import { expect, test } from "vitest";
import { SHOP, viewerOf, village } from "../views/village.ts";
import { site, words } from "./site.ts";

const FIELDS = { approvals: "1", needed: "1", labels: "", patch: "" };

async function held() {
  const town = await village();
  const decision = await town.judged(SHOP, 12, { hold: { by: "linus", reason: "freeze" } });
  const stored = (await site(town, viewerOf()).get(`/decisions/${decision.id}`)).text;
  const value = (name: string) => new RegExp(`name="${name}"[^>]* value="([^"]*)"`).exec(stored)?.[1] ?? "";
  const fields = { ...FIELDS, approvals: value("approvals"), needed: value("needed"), labels: value("labels") };
  return { pages: site(town, viewerOf()), path: `/decisions/${decision.id}`, town, fields };
}

test("replayed: the same verdict, word for word", async () => {
  const { pages, path } = await held();
  const { status, text } = await pages.post(`${path}/replay`, {});
  expect(status).toBe(200);
  expect(words(text)).toContain("The same verdict, word for word. The same policy bundle gives the same answer.");
});

test("what if the hold were gone: both verdicts side by side", async () => {
  const { pages, path, fields } = await held();
  const { text } = await pages.post(`${path}/what-if`, fields);
  expect(words(text)).toMatch(
    /With other facts .*Waiting for people becomes .*Ready to merge .*As decided .*hold .*With these facts .*No rule objects\./,
  );
});

test("what if nothing were changed: nothing changes", async () => {
  const { pages, path, fields } = await held();
  const { text } = await pages.post(`${path}/what-if`, { ...fields, hold: "on" });
  expect(words(text)).toContain("Nothing changes.");
});

test.each([
  ["more approvals needed than there are", { needed: "9" }, "approvals Waits for people"],
  ["fewer approvals", { approvals: "0" }, "approvals Waits for people"],
  ["a draft", { draft: "on" }, "ready-for-review Waits for people"],
  ["any other fact", { patch: '{"unknown": ["x"]}' }, "facts-known Waits for checks"],
])("what if: %s", async (_what, change, expected) => {
  const { pages, path, fields } = await held();
  const { text } = await pages.post(`${path}/what-if`, { ...fields, ...change });
  expect(words(text.slice(text.indexOf("With these facts")))).toContain(expected);
});

test.each([
  ["no JSON", { patch: "{" }, "The JSON cannot be read"],
  ["no object", { patch: "[1]" }, "The JSON has to be an object"],
  ["no number", { approvals: "many" }, "Approvals are a whole number"],
  ["a negative number", { needed: "-1" }, "Approvals are a whole number"],
])("%s is refused with what to write, and the form keeps what was written", async (_what, change, expected) => {
  const { pages, path, fields } = await held();
  const { status, text } = await pages.post(`${path}/what-if`, { ...fields, labels: "kept", ...change });
  expect(status).toBe(422);
  expect(words(text)).toContain(expected);
  expect(text).toContain('value="kept"');
});

test("facts that cannot be judged are refused by the fact's name", async () => {
  const { pages, path, fields } = await held();
  const { text } = await pages.post(`${path}/what-if`, { ...fields, patch: '{"pull_request": {"draft": "yes"}}' });
  expect(words(text)).toMatch(/These facts cannot be judged\. .*pull_request\.draft/);
});

test("a decision whose facts were erased says so, and offers neither replay nor edits", async () => {
  const { pages, path, town } = await held();
  const [entry] = await town.deps.engine.ledger.query({ type: "verdict", limit: 1 });
  await town.deps.engine.ledger.eraseBody(entry?.bodyDigest ?? "");
  const { text } = await pages.get(path);
  expect(words(text)).toContain("The facts were erased");
  expect(text).not.toContain("/replay");
});

test("a decision about a repository that the viewer does not see is not found", async () => {
  const { path, town } = await held();
  const hidden = site(town, viewerOf({ sees: [] }));
  expect((await hidden.get(path)).status).toBe(404);
  expect((await hidden.post(`${path}/replay`, {})).status).toBe(404);
  expect((await hidden.post(`${path}/what-if`, FIELDS)).status).toBe(404);
});
