import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { type Stage, setStage } from "../../stage/stage.ts";
import { concluded, type OpenedPull, openPull } from "../../system/scene.ts";
import { launchChromium } from "./chromium.ts";
import { type Visit, Visits } from "./visit.ts";

let stage: Stage;
let browser: Browser;
let visits: Visits;
let pull: OpenedPull;
beforeAll(async () => {
  stage = await setStage({ files: { ".github/hms.yml": "version: 1\ngate:\n  approvals:\n    count: 1\n" } });
  browser = await launchChromium();
  visits = new Visits(browser, stage);
  pull = await openPull(stage, stage.repository, { title: "Keep the cart" });
  await concluded(stage, pull, "action_required");
});
afterAll(async () => {
  await browser?.close();
  await stage?.close();
});

async function visit(path: string, login = "ada"): Promise<Visit> {
  const opened = await visits.of(login);
  onTestFinished(() => opened.context.close());
  expect(await opened.open(path)).toBe(200);
  return opened;
}

test("a page follows what happens, keeps the focus where it is, and says so to those who listen", async () => {
  const { page, complaints } = await visit(`/pulls/acme/shop/${pull.number}`);
  await page.getByText("Updates by itself").waitFor();
  await page.getByText("What the policy was given").click();
  const summary = page.locator("summary", { hasText: "What the policy was given" });
  await summary.focus();
  stage.github.review(stage.repository, pull.number, { author: "grace", state: "APPROVED" });
  await page.locator(".headline").getByText("Ready to merge").first().waitFor();
  await page.getByRole("status").filter({ hasText: "Updated: the pull request." }).waitFor({ state: "attached" });
  expect(await page.evaluate("document.activeElement.textContent")).toBe("What the policy was given");
  expect(await page.evaluate("document.activeElement.parentElement.open")).toBe(true);
  expect(complaints).toEqual([]);
});

test("a list takes in a pull request that is opened", async () => {
  const { page } = await visit("/");
  await page.getByText("Updates by itself").waitFor();
  const opened = await openPull(stage, stage.repository, { title: "Another one" });
  await page.getByRole("link", { name: "Another one" }).waitFor();
  expect(
    await page
      .getByRole("row")
      .filter({ hasText: `#${opened.number}` })
      .count(),
  ).toBe(1);
});

test("the stream is taken up again after the process was killed, and what happened meanwhile shows", async () => {
  const { page } = await visit("/");
  await page.getByText("Updates by itself").waitFor();
  await stage.hms.kill("SIGKILL");
  await page.getByText("As of loading").waitFor();
  await stage.restart();
  await openPull(stage, stage.repository, { title: "After the restart" });
  await page.getByRole("link", { name: "After the restart" }).waitFor({ timeout: 60_000 });
});

test("signing out ends what other pages follow, and none of them begins to sign in behind anybody's back", async () => {
  const { page, context } = await visit("/", "grace");
  const other = await context.newPage();
  await other.goto(page.url());
  await other.getByText("Updates by itself").waitFor();
  const refused = other.waitForResponse((answer) => answer.url().includes("/live") && answer.status() === 401);
  await page.getByRole("button", { name: "Sign out" }).click();
  await refused;
  await other.getByText("As of loading").waitFor();
  expect((await context.cookies()).map(({ name }) => name)).not.toContain("hms-sign-in");
});

const HOSTILE = [
  "<script>alert(1)</script>",
  '" onmouseover=alert(2) autofocus onfocus=alert(3) x="',
  "</title></h1><img src=x onerror=alert(4)><svg onload=alert(5)>",
  "\u202Egnp.tnemyap",
  `${"W".repeat(10_000)}`,
];

test.each(HOSTILE)(
  "a title that wants to be more than text stays text, also where the script puts it in: %$",
  async (title) => {
    const { page, complaints } = await visit("/");
    await page.getByText("Updates by itself").waitFor();
    const hostile = await openPull(stage, stage.repository, { title, author: "grace" });
    await page.locator(`a[href="/pulls/acme/shop/${hostile.number}"]`).waitFor();
    await page.setViewportSize({ width: 320, height: 700 });
    expect(await page.evaluate("document.documentElement.scrollWidth")).toBeLessThanOrEqual(320);
    await page.locator(`a[href="/pulls/acme/shop/${hostile.number}"]`).hover();
    await page.locator(`a[href="/pulls/acme/shop/${hostile.number}"]`).click();
    await page.getByRole("heading", { level: 1 }).waitFor();
    expect(await page.evaluate("document.documentElement.scrollWidth")).toBeLessThanOrEqual(320);
    expect(await page.locator("main script, main img, main [onmouseover], main [autofocus]").count()).toBe(0);
    expect(complaints).toEqual([]);
  },
);

test("keyboard alone: past the navigation, to a pull request, through a filter, to a decision, replayed, and out again", async () => {
  const { page } = await visit("/");
  const focusOn = async (selector: string): Promise<void> => {
    for (let pressed = 0; pressed < 80; pressed++) {
      await page.keyboard.press("Tab");
      if (await page.evaluate(`document.activeElement.matches(${JSON.stringify(selector)})`)) return;
    }
    throw new Error(`Tab does not reach ${selector}`);
  };
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  expect(await page.evaluate("document.activeElement.id")).toBe("main");
  await focusOn("#text");
  await page.keyboard.type("Keep");
  await page.keyboard.press("Enter");
  await page.waitForURL(/text=Keep/);
  await focusOn("a.title");
  await page.keyboard.press("Enter");
  await page.waitForURL(/\/pulls\//);
  await focusOn("summary");
  await page.keyboard.press("Enter");
  expect(await page.evaluate("document.activeElement.parentElement.open")).toBe(true);
  await focusOn('aside a[href^="/decisions/"]');
  await page.keyboard.press("Enter");
  await page.waitForURL(/\/decisions\//);
  await focusOn("aside button");
  await page.keyboard.press("Enter");
  await page.getByText("The same verdict, word for word.").waitFor();
  await focusOn("form.session button");
  await page.keyboard.press("Enter");
  await page.getByRole("main").getByRole("link", { name: "Sign in with GitHub" }).waitFor();
});
