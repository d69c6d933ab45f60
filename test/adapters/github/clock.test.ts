import { afterEach, expect, test } from "vitest";
import { connectGitHub } from "../../../src/adapters/github/github.ts";
import { type GitHub as Double, startGitHub } from "../../doubles/github/github.ts";

const HOUR = 3_600_000;

let double: Double;
afterEach(() => double.close());

/** Our connection to a GitHub whose clock is `aheadMs` before this machine's. */
async function connected(aheadMs: number) {
  double = await startGitHub({ now: () => new Date(Date.now() + aheadMs) });
  double.createOrg("acme");
  await double.createRepository("acme", "shop");
  const app = double.registerApp({
    slug: "hms",
    webhookSecret: "secret",
    permissions: { contents: "read", metadata: "read" },
    events: [],
  });
  const { id } = double.install(app, "acme");
  const told: number[] = [];
  const github = connectGitHub({
    appId: app.id,
    privateKey: app.privateKeyPem,
    baseUrl: double.url,
    now: () => Date.now(),
    observer: () => undefined,
    clockDiffers: (offsetMs) => told.push(Math.round(offsetMs / HOUR)),
    limits: "answers",
  });
  return { github, told, installationId: id };
}

test.each([1, -1])(
  "a clock that is wrong by an hour (%i) is told once, and everything works all the same",
  async (hours) => {
    const { github, told, installationId } = await connected(hours * HOUR);
    expect(await github.app()).toMatchObject({ slug: "hms" });
    expect((await github.installations()).map((one) => one.id)).toEqual([installationId]);
    expect((await github.repositories(installationId)).map((ref) => ref.name)).toEqual(["shop"]);
    expect(told).toEqual([hours]);
  },
);

test("a clock that is right is not spoken of", async () => {
  const { github, told } = await connected(0);
  await github.app();
  expect(told).toEqual([]);
});
