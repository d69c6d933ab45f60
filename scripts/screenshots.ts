import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { launchChromium } from "../test/real/pages/chromium.ts";
import { showcase } from "../test/real/pages/showcase.ts";
import { Visits } from "../test/real/pages/visit.ts";

/**
 * `npm run screenshots`: takes the README's pictures of the portal, docs/images/*.png, from the real process in a real browser, over the
 * pull requests that the browser tests look at too.
 */
const FOLDER = join(import.meta.dirname, "../docs/images");

interface Picture {
  name: string;
  path: string;
  height: number;
  act?(page: Page): Promise<unknown>;
}

const scene = await showcase();
const browser = await launchChromium();
try {
  mkdirSync(FOLDER, { recursive: true });
  const pictures: Picture[] = [
    { name: "pull-requests", path: "/", height: 808 },
    { name: "pull-request", path: `/pulls/acme/shop/${scene.pulls.blocked}`, height: 1060 },
    {
      name: "what-if",
      path: "/what-if",
      height: 860,
      async act(page) {
        await page.getByRole("button", { name: "Which merges" }).click();
        await page.getByText("It would have blocked").waitFor();
      },
    },
  ];
  const visits = new Visits(browser, scene.stage);
  for (const { name, path, height, act } of pictures) {
    const { page, context, open } = await visits.of("grace", { viewport: { width: 1200, height } });
    await open(path);
    await act?.(page);
    const follows = page.getByText("As of loading");
    if ((await follows.count()) > 0) await page.getByText("Updates by itself").waitFor();
    await page.screenshot({ path: join(FOLDER, `${name}.png`) });
    await context.close();
    console.log(`docs/images/${name}.png`);
  }
} finally {
  await browser.close();
  await scene.close();
}
