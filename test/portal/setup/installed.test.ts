import { expect, test, vi } from "vitest";
import { httpApp } from "../../../src/portal/http.ts";
import { installedRoute } from "../../../src/portal/setup/installed.ts";

function site(allowedOwners: string[], owner: string | undefined) {
  const installationOwner = vi.fn(async () => owner);
  const routes = [installedRoute({ allowedOwners, installationOwner })];
  const options = { publicUrl: "https://hms.acme.dev", now: () => 0, failed: () => {} };
  return { installationOwner, app: httpApp(routes, async () => undefined, options) };
}

test.each<[string[], string | undefined, string, number]>([
  [[], "evil", "?installation_id=5", 200],
  [["acme"], "Acme", "?installation_id=5", 200],
  [["acme"], "evil", "?installation_id=5", 403],
  [["acme"], undefined, "?installation_id=5", 200],
  [["acme"], "evil", "", 200],
  [["acme"], "evil", "?installation_id=5x", 200],
])("served: %j, installed by %s, %s → %i", async (allowed, owner, query, status) => {
  const answer = await site(allowed, owner).app.request(`/installed${query}`);
  const text = await answer.text();
  expect(answer.status).toBe(status);
  expect(text.includes("installation-not-served")).toBe(status === 403);
  expect(text).not.toContain("evil");
});

test("GitHub is not asked for whatever somebody sends without end", async () => {
  const { app, installationOwner } = site(["acme"], "acme");
  const answers = await Promise.all(Array.from({ length: 50 }, () => app.request("/installed?installation_id=5")));
  expect(answers.map(({ status }) => status)).toContain(429);
  expect(installationOwner.mock.calls.length).toBeLessThan(20);
});
