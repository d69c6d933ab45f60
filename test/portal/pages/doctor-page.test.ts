import { expect, test } from "vitest";
import type { Diagnosis } from "../../../src/model/diagnosis.ts";
import { httpApp } from "../../../src/portal/http.ts";
import { doctorRoute } from "../../../src/portal/pages/doctor.ts";
import type { Viewer } from "../../../src/portal/viewer.ts";
import { viewer } from "./viewers.ts";

const FINDINGS: Diagnosis[] = [
  { level: "ok", code: "clock", where: "process", what: "The clock agrees" },
  {
    level: "fail",
    code: "suspended",
    where: "installation acme",
    about: { owner: "acme", installationId: 1 },
    what: "Suspended",
    fix: "Unsuspend it: https://github.com/installations/1",
  },
  {
    level: "fail",
    code: "gate-not-required",
    where: "acme/secret",
    about: { owner: "acme", installationId: 1, repositoryId: 2 },
    what: "<img src=x> does not require it",
    fix: "Require it under javascript:alert(1) or run:",
    command: "echo '<script>'",
  },
];

function site(who: Viewer | undefined) {
  const route = doctorRoute({ examine: async () => ({ findings: FINDINGS, atMs: 1_000 }), now: () => 61_000 });
  return httpApp([route], async () => who, { publicUrl: "https://hms.acme.dev", now: () => 0, failed: () => {} });
}

const text = async (who: Viewer) => (await site(who).request("/doctor")).text();

test("only for operators", async () => {
  expect((await site(undefined).request("/doctor")).status).toBe(303);
  expect((await site(viewer("ada", ["reader"])).request("/doctor")).status).toBe(403);
  expect((await site(viewer("ada", ["operator"])).request("/doctor")).status).toBe(200);
});

test("an operator of another owner hears of the process alone, and nobody of a repository that they do not see", async () => {
  const elsewhere: Viewer = {
    ...viewer(),
    has: (role, owner) => role === "operator" && (owner === undefined || owner === "other"),
  };
  expect(await text(elsewhere)).not.toContain("acme");
  expect(await text(elsewhere)).toContain("The clock agrees");
  const blind: Viewer = { ...viewer("ada", ["operator"]), sees: () => false };
  expect(await text(blind)).toContain("installation acme");
  expect(await text(blind)).not.toContain("acme/secret");
});

test("the worst comes first, links are links, and nothing that somebody wrote is markup", async () => {
  const page = await text(viewer("ada", ["operator"]));
  expect(page.indexOf("Suspended")).toBeLessThan(page.indexOf("The clock agrees"));
  expect(page).toContain('<a href="https://github.com/installations/1">');
  expect(page).not.toContain('href="javascript');
  expect(page).not.toMatch(/<img|<script>/);
});
