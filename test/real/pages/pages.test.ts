import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { Result } from "axe-core";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { launchChromium } from "./chromium.ts";
import { type Showcase, showcase } from "./showcase.ts";
import { type Visit, Visits } from "./visit.ts";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

let scene: Showcase;
let browser: Browser;
let visits: Visits;
beforeAll(async () => {
  scene = await showcase();
  browser = await launchChromium();
  visits = new Visits(browser, scene.stage);
});
afterAll(async () => {
  await browser?.close();
  await scene?.close();
});

interface Place {
  name: string;
  /** Nobody unless given. */
  login?: string;
  /** Where it is, once the scene stands. */
  path: string | (() => string);
  /** What is done there first. */
  act?(page: Page): Promise<unknown>;
  /** Words that have to be there, also without the script. */
  says: string;
  status?: number;
}

const pull = (state: "ready" | "waiting" | "blocked" | "draft" | "undecided") => () =>
  `/pulls/acme/shop/${scene.pulls[state]}`;
const toDecision = (page: Page) => page.getByRole("complementary").locator('a[href^="/decisions/"]').click();

const PLACES: Place[] = [
  { name: "front page", path: "/", says: "Sign in with GitHub" },
  { name: "list", login: "grace", path: "/", says: "Keep the cart for thirty days" },
  { name: "list with nothing", login: "grace", path: "/?author=nobody", says: "No open pull request matches." },
  { name: "list, waiting for one's team", login: "grace", path: "/?waiting=me", says: "Pay out twice a week" },
  { name: "pull request, allowed", login: "ada", path: pull("ready"), says: "Ready to merge" },
  { name: "pull request, blocked", login: "ada", path: pull("blocked"), says: "no-high-findings" },
  { name: "pull request, waiting and on hold", login: "ada", path: pull("waiting"), says: "/hms unhold" },
  { name: "pull request, draft", login: "ada", path: pull("draft"), says: "Mark it ready for review" },
  { name: "pull request, undecided", login: "ada", path: pull("undecided"), says: "What is not known is never green" },
  { name: "findings", login: "ada", path: "/findings", says: "secrets/" },
  { name: "findings, none that matches", login: "ada", path: "/findings?text=nowhere", says: "No finding matches" },
  {
    name: "finding",
    login: "ada",
    path: "/findings",
    act: (page) => page.locator("#findings a.title").first().click(),
    says: "To waive it",
  },
  {
    name: "scans of a pull request",
    login: "ada",
    path: () => `/pulls/acme/shop/${scene.pulls.blocked}/scans`,
    says: "With each push",
  },
  { name: "waivers", login: "ada", path: "/waivers", says: "No waivers" },
  {
    name: "pull request, shadow",
    login: "ada",
    path: () => `/pulls/acme/infrastructure/${scene.shadow}`,
    says: "Shadow: only shown",
  },
  {
    name: "pull request, merged",
    login: "ada",
    path: () => `/pulls/acme/shop/${scene.pulls.merged[0]}`,
    says: "Merged",
  },
  { name: "decision", login: "ada", path: pull("blocked"), act: toDecision, says: "the stored facts are these" },
  {
    name: "decision, replayed",
    login: "ada",
    path: pull("blocked"),
    async act(page) {
      await toDecision(page);
      await page.getByRole("button", { name: "Replay" }).click();
    },
    says: "The same verdict, word for word.",
  },
  {
    name: "decision, other facts",
    login: "ada",
    path: pull("draft"),
    async act(page) {
      await toDecision(page);
      await page.getByLabel("Draft").uncheck();
      await page.getByLabel("Approvals", { exact: true }).fill("1");
      await page.getByRole("button", { name: "Judge with these facts" }).click();
    },
    says: "With other facts",
  },
  { name: "what-if", login: "ada", path: "/what-if", says: "Which merges would it have blocked?" },
  {
    name: "what-if, answered",
    login: "ada",
    path: "/what-if",
    act: (page) => page.getByRole("button", { name: "Which merges" }).click(),
    says: "3 of 6 merges",
  },
  {
    name: "what-if, refused",
    login: "ada",
    path: "/what-if",
    async act(page) {
      await page.getByRole("textbox").fill("{");
      await page.getByRole("button", { name: "Which merges" }).click();
    },
    says: "The JSON cannot be read",
  },
  { name: "queue", login: "grace", path: "/queue", says: "Delayed" },
  { name: "installations", login: "grace", path: "/installations", says: "deployments: write" },
  { name: "repositories that are listed no more", login: "grace", path: "/installations", says: "acme/prototypes" },
  { name: "doctor", login: "grace", path: "/doctor", says: "acme" },
  { name: "ledger", login: "grace", path: "/ledger", says: "pull_request.opened" },
  {
    name: "compliance",
    login: "grace",
    path: "/compliance",
    says: "This maps checks to controls. It certifies nothing.",
  },
  {
    name: "compliance, another framework",
    login: "grace",
    path: "/compliance?framework=hipaa",
    says: "164.308(a)(1)(ii)(A)",
  },
  {
    name: "ledger, verified",
    login: "grace",
    path: "/ledger",
    act: (page) => page.getByRole("button", { name: "Verify" }).first().click(),
    says: "holds: no entry was changed",
  },
  { name: "not found", login: "ada", path: "/nowhere", says: "not-found", status: 404 },
  { name: "not allowed", login: "ada", path: "/queue", says: "not-allowed", status: 403 },
];

async function at(place: Place, options: Parameters<Visits["of"]>[1] = {}): Promise<Visit> {
  const visit = await visits.of(place.login, options);
  onTestFinished(() => visit.context.close());
  const path = typeof place.path === "string" ? place.path : place.path();
  expect(await visit.open(path)).toBe(place.status ?? 200);
  await place.act?.(visit.page);
  await visit.page.getByText(place.says, { exact: false }).first().waitFor({ state: "attached" });
  return visit;
}

/** Folded parts are part of the page. */
const unfold = (page: Page) =>
  page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })");

describe.each(PLACES)("$name", (place) => {
  test.each(["light", "dark"] as const)("%s: nothing serious for axe, nothing on the console", async (colorScheme) => {
    const { page, complaints } = await at(place, { colorScheme, reducedMotion: "reduce" });
    await unfold(page);
    await page.evaluate(AXE);
    const { violations } = (await page.evaluate("axe.run(document, { resultTypes: ['violations'] })")) as {
      violations: Result[];
    };
    const found = violations.map(({ id, impact, nodes }) => ({ id, impact, where: nodes.map(({ html }) => html) }));
    expect(found).toEqual([]);
    expect(complaints).toEqual([]);
  });

  test("320 px wide: the page does not scroll sideways, and nothing is cut off", async () => {
    const { page } = await at(place, { viewport: { width: 320, height: 640 } });
    await unfold(page);
    expect(await page.evaluate("document.documentElement.scrollWidth")).toBeLessThanOrEqual(320);
    const cut = `[...document.querySelectorAll('main *')].filter((one) => one.checkVisibility() && !one.closest('pre, .unseen, .title, thead, svg')
      && (one.getBoundingClientRect().right > 320.5 || (getComputedStyle(one).overflowX !== 'visible' && one.scrollWidth > one.clientWidth + 1)))
      .map((one) => one.outerHTML.slice(0, 120))`;
    expect(await page.evaluate(cut)).toEqual([]);
  });

  test("by keyboard: Tab reaches every control, and one sees where it is", async () => {
    const { page } = await at(place);
    const controls = (await page.evaluate(`(() => {
      const all = [...document.querySelectorAll('a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex="0"]')];
      const shown = all.filter((one) => one.checkVisibility());
      shown.forEach((one, at) => one.setAttribute('data-control', String(at)));
      return shown.map((one) => one.outerHTML.slice(0, 150));
    })()`)) as string[];
    const reached = new Set<number>();
    const unseen: string[] = [];
    for (let pressed = 0; pressed < controls.length * 3 + 10 && reached.size < controls.length; pressed++) {
      await page.keyboard.press("Tab");
      const focus = (await page.evaluate(`(() => {
        const one = document.activeElement;
        const { outlineStyle, outlineWidth } = getComputedStyle(one);
        const { width, height } = one.getBoundingClientRect();
        return { at: one.getAttribute('data-control'), seen: outlineStyle !== 'none' && parseFloat(outlineWidth) >= 2 && width > 1 && height > 1 };
      })()`)) as { at: string | null; seen: boolean };
      if (focus.at === null) continue;
      reached.add(Number(focus.at));
      if (!focus.seen) unseen.push(controls[Number(focus.at)] ?? "");
    }
    expect(controls.filter((_control, index) => !reached.has(index))).toEqual([]);
    expect(unseen).toEqual([]);
  });

  test("without the script everything is there", async () => {
    const { page, complaints } = await at(place, { javaScriptEnabled: false });
    expect(await page.locator("h1").count()).toBe(1);
    expect(complaints).toEqual([]);
  });

  test("headings go down by one level at a time, and there is one of each landmark", async () => {
    const { page } = await at(place);
    const levels = (await page.evaluate(
      "[...document.querySelectorAll('h1, h2, h3, h4')].map((one) => Number(one.nodeName[1]))",
    )) as number[];
    expect(levels[0]).toBe(1);
    for (const [index, level] of levels.entries()) expect(level - (levels[index - 1] ?? 0)).toBeLessThanOrEqual(1);
    for (const landmark of ["banner", "main", "contentinfo"] as const)
      expect(await page.getByRole(landmark).count()).toBe(1);
  });
});
