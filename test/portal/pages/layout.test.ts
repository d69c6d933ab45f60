import { html } from "hono/html";
import { expect, test } from "vitest";
import { httpApp } from "../../../src/portal/http.ts";
import { ASSETS, assetRoutes } from "../../../src/portal/pages/assets.ts";
import { PAGE_CSP, page } from "../../../src/portal/pages/layout.ts";
import type { Viewer } from "../../../src/portal/viewer.ts";
import { viewer } from "./viewers.ts";

const text = async (who: Viewer | undefined, path = "/", title = "Title") =>
  (await page({ title, viewer: who, path, body: html`<h1>Body</h1>` })).text();

const links = (markup: string): string[] => {
  const [, nav = ""] = /<nav[^>]*>(.*?)<\/nav>/s.exec(markup) ?? [];
  return [...nav.matchAll(/href="([^"]+)"/g)].map(([, href = ""]) => href);
};

test.each([
  ["a reader", viewer(), ["/", "/previews", "/findings", "/what-if"]],
  [
    "an operator",
    viewer("grace", ["operator"]),
    ["/", "/previews", "/findings", "/what-if", "/queue", "/installations", "/compliance", "/doctor"],
  ],
  ["an auditor", viewer("linus", ["auditor"]), ["/", "/previews", "/findings", "/what-if", "/ledger", "/compliance"]],
  ["nobody", undefined, []],
])("the navigation offers %s what they may open", async (_who, who, expected) => {
  expect(links(await text(who))).toEqual(expected);
});

test("the current page is marked, and no other", async () => {
  const markup = await text(viewer(), "/what-if");
  expect(markup.match(/href="\/what-if" aria-current="page"/g)).toHaveLength(1);
  expect(markup.match(/aria-current/g)).toHaveLength(1);
});

test("whoever is not signed in is led back to the page after signing in, and sees no sign-out", async () => {
  const markup = await text(undefined, '/pulls/acme/shop/1"><script>');
  expect(markup).toContain('href="/sign-in?to=%2Fpulls%2Facme%2Fshop%2F1%22%3E%3Cscript%3E"');
  expect(markup).not.toContain("/sign-out");
});

test("titles and logins are escaped", async () => {
  const markup = await text(viewer('x"><script>alert(1)</script>'), "/", "</title><script>alert(2)</script>");
  expect(markup).not.toContain("<script>");
  expect(markup).toContain("&lt;/title&gt;&lt;script&gt;alert(2)&lt;/script&gt;");
});

test("headers: the strict policy, no copies kept, the status that was asked for", async () => {
  const answer = await page({ title: "t", viewer: undefined, path: "/", body: html``, status: 404 });
  expect(answer.status).toBe(404);
  expect(answer.headers.get("content-security-policy")).toBe(PAGE_CSP);
  expect(PAGE_CSP).not.toContain("unsafe");
  expect(answer.headers.get("cache-control")).toBe("no-store");
});

test("style and script are served under names that change with their content, to be kept for good", async () => {
  const quiet = { publicUrl: "http://localhost", now: () => 0, failed: () => undefined };
  const app = httpApp(assetRoutes(), async () => undefined, quiet);
  for (const asset of Object.values(ASSETS)) {
    expect(asset.path).toMatch(/^\/assets\/portal-[0-9a-f]{16}\.(?:css|js)$/);
    const answer = await app.request(asset.path);
    expect(answer.headers.get("content-type")).toBe(asset.contentType);
    expect(answer.headers.get("cache-control")).toContain("immutable");
    expect(await answer.text()).toBe(asset.text);
  }
  expect(await text(undefined)).toContain(`<link rel="stylesheet" href="${ASSETS.style.path}">`);
});
