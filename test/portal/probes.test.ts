import { expect, test, vi } from "vitest";
import { startupSchema } from "../../src/agents/lint.ts";
import { httpApp } from "../../src/portal/http.ts";
import { probeRoutes } from "../../src/portal/probes.ts";

function app(probeStore: () => Promise<void>, draining = false, checkerTrouble?: string) {
  const routes = probeRoutes({
    probeStore,
    draining: () => draining,
    metrics: async () => ({ text: "", contentType: "text/plain" }),
    jsonSchema: () => ({}),
    checkerTrouble: () => checkerTrouble,
  });
  const quiet = { publicUrl: "http://localhost", now: () => 0, failed: () => undefined };
  return httpApp(routes, async () => undefined, quiet);
}

test("/readyz: however often it is asked, the store is written to once a second", async () => {
  const probe = vi.fn(async () => undefined);
  const portal = app(probe);
  const answers = await Promise.all(Array.from({ length: 50 }, () => portal.request("/readyz")));
  expect(answers.map((answer) => answer.status)).toEqual(Array(50).fill(200));
  expect(probe).toHaveBeenCalledTimes(1);
});

test("/readyz: 503 while the store cannot be written, and while draining without asking it", async () => {
  const probe = vi.fn(async () => {
    throw new Error("disk full");
  });
  expect((await app(probe).request("/readyz")).status).toBe(503);
  expect((await app(probe, true).request("/readyz")).status).toBe(503);
  expect(probe).toHaveBeenCalledTimes(1);
});

test("/readyz: that the checker is in trouble is said to anybody, where its bundle lies to nobody", async () => {
  const trouble = "The last good policy bundle still decides: ENOENT: no such file, open '/etc/hms/policy.tar.gz'";
  const answer = await app(async () => undefined, false, trouble).request("/readyz");
  expect(answer.status).toBe(200);
  const text = await answer.text();
  expect(JSON.parse(text)).toEqual({ status: "ready", checker: expect.stringContaining("in trouble") });
  expect(text).not.toContain("/etc/hms");
});

test("/schema/agents-startup.json: what `hms lint agents` validates against", async () => {
  expect(await (await app(async () => undefined).request("/schema/agents-startup.json")).json()).toEqual(startupSchema);
});
