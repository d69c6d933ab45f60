import { createAppAuth } from "@octokit/auth-app";
import { Octokit } from "@octokit/rest";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { buildTown, openPull, refusal, silent, type Town } from "./town.ts";

let town: Town;
beforeEach(async () => {
  town = await buildTown();
});
afterEach(() => town.close());

const asApp = ({ github, app }: Town) =>
  new Octokit({
    baseUrl: github.url,
    log: silent,
    authStrategy: createAppAuth,
    auth: { appId: app.id, privateKey: app.privateKeyPem },
  });

describe("webhooks", () => {
  it("are signed and come in order", async () => {
    await openPull(town);
    const hooks = await town.hooksSettled();
    expect(hooks.every(({ signed }) => signed)).toBe(true);
    expect(hooks.map(({ event, action }) => `${event}.${action ?? ""}`)).toEqual([
      "installation.created",
      "push.",
      "check_suite.requested",
      "pull_request.opened",
    ]);
  });

  it("reach only Apps that are installed, may read and subscribed", async () => {
    const { github } = town;
    const deaf = github.registerApp({
      slug: "deaf",
      webhookSecret: "x",
      permissions: { checks: "read" },
      events: ["pull_request"],
    });
    const away = github.registerApp({
      slug: "away",
      webhookSecret: "x",
      permissions: { pull_requests: "read" },
      events: ["pull_request"],
    });
    github.install(deaf, "acme");
    await openPull(town);
    expect(github.deliveries(deaf).map(({ event }) => event)).toEqual(["installation"]);
    expect(github.deliveries(away)).toEqual([]);
  });

  it("are not retried, but redelivered on request under the same id", async () => {
    const { github, app, shop } = town;
    await town.hooksSettled();
    github.failDeliveries(app, { count: 1 });
    const { number } = await openPull(town);
    github.comment(shop, number, { author: "bob", body: "/hms help" });
    await town.hooksSettled();
    const client = asApp(town);
    const { data } = await client.apps.listWebhookDeliveries({ per_page: 100 });
    const lost = data.find(({ status_code }) => status_code !== 200);
    expect(lost).toMatchObject({ event: "push", redelivery: false });
    expect(town.hooks.some(({ guid }) => guid === lost?.guid)).toBe(false);
    await client.apps.redeliverWebhookDelivery({ delivery_id: Number(lost?.id) });
    await town.hooksSettled();
    expect(town.hooks.filter(({ guid }) => guid === lost?.guid)).toHaveLength(1);
    const again = (await client.apps.listWebhookDeliveries({ per_page: 100 })).data.filter(
      ({ guid }) => guid === lost?.guid,
    );
    expect(again.map(({ redelivery }) => redelivery)).toEqual([true, false]);
    const { data: whole } = await client.apps.getWebhookDelivery({ delivery_id: Number(again[0]?.id) });
    expect(whole.request.payload).toMatchObject({ ref: "refs/heads/feature" });
  });

  it("are listed by cursor", async () => {
    const { github, shop } = town;
    const { number } = await openPull(town);
    for (let index = 0; index < 6; index += 1) github.comment(shop, number, { author: "bob", body: `${index}` });
    await town.hooksSettled();
    const client = asApp(town);
    const ids = (await client.paginate(client.apps.listWebhookDeliveries, { per_page: 3 })).map(({ id }) => Number(id));
    expect(ids).toHaveLength(10);
    expect([...ids].sort((a, b) => b - a)).toEqual(ids);
  });

  it("can be held, reordered and doubled", async () => {
    const { github, app, shop } = town;
    const { number } = await openPull(town);
    await town.hooksSettled();
    const before = town.hooks.length;
    github.holdDeliveries(app);
    for (const body of ["one", "two"]) github.comment(shop, number, { author: "bob", body });
    await town.hooksSettled();
    expect(town.hooks).toHaveLength(before);
    github.releaseDeliveries(app, (waiting) => [...waiting].reverse());
    await town.hooksSettled();
    expect(
      town.hooks
        .slice(before)
        .map(({ body }) => (body.comment as { body: string } | undefined)?.body)
        .sort(),
    ).toEqual(["one", "two"]);
    const last = github.deliveries(app).at(-1);
    github.duplicateDelivery(last?.id ?? 0);
    await town.hooksSettled();
    expect(town.hooks.filter(({ guid }) => guid === last?.guid)).toHaveLength(2);
  });

  it("tell of comments and reviews, with their changes", async () => {
    const { github, shop } = town;
    const { number } = await openPull(town);
    const { id } = github.comment(shop, number, { author: "bob", body: "first" });
    github.editComment(shop, id, { body: "second" });
    github.deleteComment(shop, id);
    const review = github.review(shop, number, { author: "alice", state: "APPROVED" });
    github.dismissReview(shop, number, review.id, "alice");
    await github.addLabel(shop, number, "preview", "alice");
    const hooks = await town.hooksSettled();
    const edited = hooks.find(({ event, action }) => event === "issue_comment" && action === "edited");
    expect(edited?.body).toMatchObject({
      changes: { body: { from: "first" } },
      issue: { pull_request: { url: expect.any(String) } },
    });
    expect(hooks.map(({ event, action }) => `${event}.${action}`)).toEqual(
      expect.arrayContaining([
        "issue_comment.created",
        "issue_comment.deleted",
        "pull_request_review.submitted",
        "pull_request_review.dismissed",
        "pull_request.labeled",
      ]),
    );
  });

  it("react once: 201, then 200", async () => {
    const { github, octokit, repo, shop } = town;
    const { number } = await openPull(town);
    const { id } = github.comment(shop, number, { author: "bob", body: "/hms help" });
    const react = () => octokit.reactions.createForIssueComment({ ...repo, comment_id: id, content: "eyes" });
    expect((await react()).status).toBe(201);
    expect((await react()).status).toBe(200);
    expect(github.comments(shop, number)[0]?.reactions).toEqual([{ content: "eyes", by: "hms[bot]" }]);
    expect(
      (await refusal(octokit.reactions.createForIssueComment({ ...repo, comment_id: 1, content: "eyes" }))).status,
    ).toBe(404);
  });
});
