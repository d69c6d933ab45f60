import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { launchChromium } from "../test/real/pages/chromium.ts";
import { findingsShowcase } from "../test/real/pages/findings-showcase.ts";
import { showcase } from "../test/real/pages/showcase.ts";
import { Visits } from "../test/real/pages/visit.ts";
import { simulateCluster } from "../test/stage/simulated-cluster.ts";
import { setStage } from "../test/stage/stage.ts";
import { deployment } from "../test/system/preview-scene.ts";
import { checks, openPull, until } from "../test/system/scene.ts";

/**
 * `npm run screenshots`: takes the README's pictures of the portal, docs/images/*.png, from the real process in a real browser, over the
 * pull requests that the browser tests look at too. Grace, who looks, has every role.
 */
const FOLDER = join(import.meta.dirname, "../docs/images");

const HMS_YML = `version: 1
preview:
  components: [{ name: web, path: deploy/web }, { name: prices, path: deploy/prices }]
  required: true
`;

interface Picture {
  name: string;
  path: string;
  height: number;
  act?(page: Page): Promise<unknown>;
}

mkdirSync(FOLDER, { recursive: true });
const browser = await launchChromium();
try {
  await pictureOfPreview();
  await pictureOfFindings();
  await picturesOfPulls();
} finally {
  await browser.close();
}

async function picturesOfPulls(): Promise<void> {
  const scene = await showcase();
  const pictures: Picture[] = [
    { name: "pull-requests", path: "/", height: 808 },
    { name: "pull-request", path: `/pulls/acme/shop/${scene.pulls.blocked}`, height: 1046 },
    {
      name: "what-if",
      path: "/what-if",
      height: 824,
      async act(page) {
        await page.getByRole("button", { name: "Which merges" }).click();
        await page.getByText("It would have blocked").waitFor();
      },
    },
  ];
  await take(new Visits(browser, scene.stage), pictures);
  await scene.close();
}

async function pictureOfFindings(): Promise<void> {
  const { stage, close } = await findingsShowcase();
  await take(new Visits(browser, stage), [{ name: "findings", path: "/findings", height: 946 }]);
  await close();
}

/** Of a pull request's preview, on the simulated cluster. */
async function pictureOfPreview(): Promise<void> {
  const simulated = await simulateCluster(["shop-1"]);
  const stage = await setStage({
    environment: {
      ...simulated.environment,
      HMS_OPERATOR_TEAMS: "acme/platform",
      HMS_AUDITOR_TEAMS: "acme/platform",
    },
    files: {
      ".github/hms.yml": `${HMS_YML}  url: "http://shop-{{number}}.preview.localhost:${simulated.ingressPort}"\n`,
      "deploy/web/web.yaml": deployment("ghcr.io/acme/web:7"),
      "deploy/prices/prices.yaml": deployment("ghcr.io/acme/prices:3").replaceAll("web", "prices"),
    },
  });
  stage.github.setOrgMember("acme", "grace", "member");
  stage.github.createTeam("acme", "platform", { members: ["grace"] });
  const pull = await openPull(stage, stage.repository, { author: "ada", title: "Show prices with tax" });
  await until(
    stage,
    "the preview is healthy",
    () => checks(stage, stage.repository, pull.sha, "hms/preview").at(-1)?.conclusion === "success",
  );
  const path = `/pulls/acme/shop/${pull.number}/preview`;
  await take(new Visits(browser, stage), [{ name: "preview", path, height: 926 }]);
  await stage.close();
  await simulated.close();
}

async function take(visits: Visits, pictures: Picture[]): Promise<void> {
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
}
