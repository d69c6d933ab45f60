import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { AxeResults } from "axe-core";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { printedAddress, type SetUpScene, setUpScene } from "../system/set-up-scene.ts";
import { ToolUnavailableError } from "./tools.ts";

/** Set-up as a person does it: a real browser, the keyboard alone, no script of ours needed. */

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
let scene: SetUpScene;
let browser: Browser;

beforeAll(async () => {
  const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";
  if (!existsSync(executablePath)) throw new ToolUnavailableError("Chromium is not installed; CHROMIUM may name one.");
  scene = await setUpScene();
  browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
});
afterAll(async () => {
  await browser?.close();
  await scene?.close();
});

async function accessible(page: Page): Promise<void> {
  for (const width of [320, 1100]) {
    await page.setViewportSize({ width, height: 800 });
    expect(await page.evaluate("document.documentElement.scrollWidth"), page.url()).toBeLessThanOrEqual(width);
    const { violations } = (await page.evaluate(`${AXE}; axe.run()`)) as AxeResults;
    expect(
      violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`),
      page.url(),
    ).toEqual([]);
  }
}

test("from the console's address to the installed App, by keyboard, under the page's own content security policy", async () => {
  const context = await browser.newContext();
  const session = scene.browser.cookies(scene.github.url).user_session ?? "";
  await context.addCookies([{ name: "user_session", value: session, url: scene.github.url }]);
  const page = await context.newPage();
  const refused: string[] = [];
  page.on("console", (message) => {
    if (message.type() === "error") refused.push(message.text());
  });
  await page.goto(printedAddress(scene.hms));
  expect(new URL(page.url()).search).toBe("");
  await accessible(page);
  await page.getByLabel("Organisation on").focus();
  await page.keyboard.type("acme");
  await page.keyboard.press("Enter");
  await page.waitForURL(/\/setup\/review/);
  await accessible(page);
  await page.getByRole("button", { name: "Register the App on GitHub" }).focus();
  await page.keyboard.press("Enter");
  await page.waitForURL(/\/installed/);
  await accessible(page);
  await page.getByRole("heading", { name: "The App is installed" }).waitFor();
  expect(refused).toEqual([]);
  expect((await page.goto(`${scene.hms.url}/setup`))?.status()).toBe(404);
});
