import { expect, test } from "vitest";
import { SHOP, shaOf, viewerOf, village } from "../views/village.ts";
import { site, words } from "./site.ts";

const finding = (severity: "critical" | "low") => ({
  rule: `secrets/${severity}-key`,
  severity,
  message: `A ${severity} key in src/a.ts.`,
  fingerprint: severity,
});

test("the verdict's tree: what denies, then what waits, then remarks, then what is met; each with its facts", async () => {
  const town = await village();
  await town.judged(SHOP, 12, {
    hold: { by: "linus", reason: "freeze" },
    scans: [{ kind: "secrets", sha: shaOf(12), status: "completed", findings: [finding("critical"), finding("low")] }],
    unknown: ["Teams could not be read."],
  });
  const { status, text } = await site(town, viewerOf()).get("/pulls/acme/shop/12");
  expect(status).toBe(200);
  const said = words(text);
  expect(said).toMatch(
    /no-critical-findings Blocks .* A critical key in src\/a\.ts\. .*What to do: .*hold Waits for people .*by linus: freeze .*facts-known Waits for checks .*Teams could not be read\. .*lesser-findings Remarks .*rules are met .*approvals Met/,
  );
  expect(said).toContain("Controls: RA-5, SI-2");
});

test("the exact line to paste names the whole commit", async () => {
  const town = await village();
  await town.judged(SHOP, 12, {
    scans: [{ kind: "secrets", sha: shaOf(12), status: "completed", findings: [finding("critical")] }],
    config: {
      valid: true,
      required_scans: [],
      approvals: { count: 0, carry: "content-neutral", bots: [] },
      overrides: [{ rule: "no-critical-findings", permission: "admin" }],
      preview: { required: false },
    },
  });
  const { text } = await site(town, viewerOf()).get("/pulls/acme/shop/12");
  expect(text).toContain(`<code data-copy>/hms override no-critical-findings ${shaOf(12)} &lt;reason&gt;</code>`);
});

test("from the decision a link leads to its own page, and the raw facts are there, folded away", async () => {
  const town = await village();
  const decision = await town.judged(SHOP, 12);
  const { text } = await site(town, viewerOf()).get("/pulls/acme/shop/12");
  expect(text).toContain(`href="/decisions/${decision.id}"`);
  expect(text).toMatch(/<details class="raw"[^>]*><summary>What the policy was given<\/summary>/);
  expect(text).toContain("&quot;schema&quot;: &quot;hms.checker/v1&quot;");
});

test("another policy: only the rules that spoke are listed", async () => {
  const town = await village();
  await town.judged(SHOP, 12, { hold: { by: "linus", reason: "" } });
  const { text } = await site(town, viewerOf(), { ownPolicy: false }).get("/pulls/acme/shop/12");
  expect(words(text)).not.toContain("rules are met");
});

test.each([
  "/pulls/acme/shop/13",
  "/pulls/acme/other/12",
  "/pulls/acme/shop/12x",
  "/pulls/acme/shop/99999999999",
  "/pulls/acme/shop/0",
])("%s is not found, and a page says so", async (path) => {
  const town = await village();
  await town.judged(SHOP, 12);
  const { status, text } = await site(town, viewerOf()).get(path);
  expect(status).toBe(404);
  expect(text).toContain("<code>not-found</code>");
});

test("a repository that the viewer does not see is as absent as one that is not there", async () => {
  const town = await village();
  await town.judged(SHOP, 12);
  const hidden = await site(town, viewerOf({ sees: [] })).get("/pulls/acme/shop/12");
  const absent = await site(town, viewerOf({ sees: [] })).get("/pulls/acme/shop/13");
  expect(hidden.status).toBe(404);
  expect(hidden.text.replaceAll("shop%2F12", "")).toBe(absent.text.replaceAll("shop%2F13", ""));
});
