import { describe, expect, test } from "vitest";
import { type PlaceSight, sightOf } from "../../../src/preview/preview.ts";
import { namespaceObjects, previewed } from "../views/previews-scene.ts";
import { BANK, SHOP, shaOf, viewerOf, village } from "../views/village.ts";
import { site, words } from "./site.ts";

const SECRET = "aubergine-of-the-vault";
const PATH = "/pulls/acme/shop/12/preview";

async function town(sight?: PlaceSight | Error) {
  const made = await village();
  if (sight)
    made.deps.lookAtPreview = async () => {
      if (sight instanceof Error) throw sight;
      return sight;
    };
  return made;
}
const seen = (): PlaceSight => ({ kind: "seen", sight: sightOf(namespaceObjects(SECRET)) });

describe("the preview of a pull request", () => {
  test("state, address, age, time to live, components, what runs, events, use against quota, placement, history", async () => {
    const made = await town(seen());
    await previewed(made, SHOP, 12);
    const { status, text } = await site(made, viewerOf()).get(PATH);
    expect(status).toBe(200);
    const said = words(text);
    for (const part of [
      "Healthy https://pr-shop-12-0a1b2c3d.preview.acme.dev",
      `At ${shaOf(12).slice(0, 10)}`,
      "Age 2 h ago",
      "Goes to sleep in 3 h",
      "Is removed in 4 days",
      "pr-shop-12-0a1b2c3d on eu",
      "pr-shop-12-0a1b2c3d in argocd on hub",
      "web eu pr-shop-12-0a1b2c3d-web Synced Healthy",
      "Deployment web 2 of 3 ready",
      "StatefulSet db At rest",
      "Pod web-5d-x7k2p CrashLoopBackOff, 3 restarts",
      "Warning: BackOff Back-off restarting failed container &lt;b&gt;web&lt;/b&gt; Pod web-5d-x7k2p · 7 times",
      "requests.cpu 1500m of 2 75 %",
      "pods 5 of 20 25 %",
      "services at most 50",
      "eu Chosen other previews 3 , region eu-west 0.9",
      "us other previews 0 is in us-east",
      "Placed the preview on eu : it scores best",
      "Preview: Healthy at",
      "/hms preview extend 24h",
    ])
      expect(said).toContain(part);
  });

  test("nothing secret of what the API server tells reaches the page or the API's answer", async () => {
    const made = await town(seen());
    await previewed(made, SHOP, 12);
    const { text } = await site(made, viewerOf()).get(PATH);
    expect(text).toContain("web-5d-x7k2p");
    expect(text).not.toContain(SECRET);
    expect(JSON.stringify(seen())).not.toContain(SECRET);
  });

  test("a cluster that cannot be read: it says so, and shows what the record has", async () => {
    const made = await town({ kind: "unread", why: "The cluster eu did not answer (time-out)." });
    await previewed(made, SHOP, 12, { unknown: "The cluster eu did not answer (time-out)." });
    const said = words((await site(made, viewerOf()).get(PATH)).text);
    expect(said).toContain("Not known at the moment");
    expect(said).toContain("Last seen: Healthy. What is not known never counts as healthy.");
    expect(said).toContain("What runs on eu cannot be read at the moment");
    expect(said).toContain("pr-shop-12-0a1b2c3d-web Synced Healthy");
    expect(said).not.toContain("Healthy https://");
  });

  test("without clusters the record is shown", async () => {
    const made = await town();
    await previewed(made, SHOP, 12);
    expect(words((await site(made, viewerOf()).get(PATH)).text)).toContain("This process has no clusters.");
  });

  test("reasons with where they stand and whom they wait for; of another commit than the head it says so", async () => {
    const made = await town(seen());
    const reasons = [
      {
        cause: "quota" as const,
        message: "exceeded quota: <script>alert(1)</script>",
        object: "Deployment web",
        file: "deploy/web/deployment.yaml",
        cluster: "eu",
        awaits: "people" as const,
      },
    ];
    await previewed(made, SHOP, 12, { state: "degraded", sha: shaOf(99), reasons });
    const { text } = await site(made, viewerOf()).get(PATH);
    expect(text).not.toContain("<script>alert");
    const said = words(text);
    expect(said).toContain("quota · Deployment web · deploy/web/deployment.yaml · eu · waits for people");
    expect(said).toContain(`the pull request is at ${shaOf(12).slice(0, 10)} by now`);
  });

  test("in the queue: which number; nothing was made", async () => {
    const made = await town(seen());
    await previewed(made, SHOP, 12, { state: "queued", position: 3, made: [], parts: [] });
    const said = words((await site(made, viewerOf()).get(PATH)).text);
    expect(said).toContain("Queued Number 3 in line");
    expect(said).toContain("There is nothing now");
    expect(said).not.toContain("Deployment web");
  });

  test("a pull request without one; one that is not there, and one in a repository that nobody sees, are not found", async () => {
    const made = await town(seen());
    await made.judged(SHOP, 12);
    expect(words((await site(made, viewerOf()).get(PATH)).text)).toContain("No preview");
    expect((await site(made, viewerOf()).get("/pulls/acme/shop/13/preview")).status).toBe(404);
    expect((await site(made, viewerOf({ sees: [BANK] })).get(PATH)).status).toBe(404);
  });

  test("the pull request's page leads there and tells its story", async () => {
    const made = await town(seen());
    await previewed(made, SHOP, 12, { state: "tearing-down" });
    const { text } = await site(made, viewerOf()).get("/pulls/acme/shop/12");
    expect(text).toContain(`href="${PATH}"`);
    expect(words(text)).toContain("Preview: Being removed at");
  });
});

describe("the list of previews", () => {
  test("those that somebody sees and that are there, with state, cluster, age and what comes first", async () => {
    const made = await town(seen());
    await previewed(made, SHOP, 12);
    await previewed(made, SHOP, 13, { state: "gone", made: [] });
    await previewed(made, SHOP, 14, { state: "sleeping" });
    await previewed(made, BANK, 15);
    const { get } = site(made, viewerOf({ sees: [SHOP] }));
    const said = words((await get("/previews")).text);
    expect(said).toMatch(
      /Change 14 .* Asleep eu 2 h ago Removed in 4 days .*Change 12 .* Healthy eu 2 h ago Asleep in 3 h/,
    );
    expect(said).not.toContain("Change 13");
    expect(said).not.toContain("Change 15");
    expect(words((await get("/previews?state=any")).text)).toContain("Change 13");
    const asleep = words((await get("/previews?state=sleeping")).text);
    expect(asleep).toContain("Change 14");
    expect(asleep).not.toContain("Change 12");
    expect(words((await get("/previews?repository=acme/bank")).text)).toContain("No preview matches.");
    expect(words((await get("/previews?state=nonsense")).text)).toContain("Change 12");
  });

  test("page by page", async () => {
    const made = await town(seen());
    for (let number = 1; number <= 51; number++) await previewed(made, SHOP, number);
    const { get } = site(made, viewerOf());
    const first = (await get("/previews")).text;
    const [, next = ""] = /rel="next" href="([^"]+)"/.exec(first) ?? [];
    expect(first).not.toContain("Change 1<");
    const second = (await get(next.replaceAll("&amp;", "&"))).text;
    expect(second).toContain("Change 1<");
    expect(second).not.toContain("Change 2<");
  });

  test("where there are none: why", async () => {
    expect(words((await site(await town(), viewerOf()).get("/previews")).text)).toContain("Previews are off");
    expect(words((await site(await town(seen()), viewerOf()).get("/previews")).text)).toContain("No previews A pull");
  });
});
