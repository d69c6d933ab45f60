import { describe, expect, test, vi } from "vitest";
import { httpApp } from "../../src/portal/http.ts";
import type { Route } from "../../src/portal/route.ts";
import type { Role, Viewer } from "../../src/portal/viewer.ts";

const handler = () => new Response("the secret of acme/vault");

function viewer(roles: readonly Role[], more: Partial<Viewer> = {}): Viewer {
  return { kind: "person", login: "ada", sees: () => true, has: (role) => roles.includes(role), ...more };
}

const ROUTES: Route[] = [
  { method: "GET", path: "/open", access: "public", summary: "", handler: () => new Response("open") },
  { method: "POST", path: "/open", access: "public", summary: "", handler: () => new Response("open") },
  { method: "GET", path: "/pulls/:number", access: "reader", summary: "", handler },
  { method: "POST", path: "/pulls/:number", access: "operator", summary: "", handler },
  { method: "GET", path: "/api/v1/pulls", access: "reader", summary: "", handler },
  {
    method: "POST",
    path: "/api/v1/echo",
    access: "reader",
    summary: "",
    maxBodyBytes: 10,
    handler: async (context) => new Response(await context.req.text()),
  },
];

function portal(who: Viewer | undefined, routes = ROUTES, publicUrl = "https://hms.acme.dev") {
  const failed = vi.fn();
  return { app: httpApp(routes, async () => who, { publicUrl, now: () => 0, failed }), failed };
}

const HERE = { "sec-fetch-site": "same-origin", origin: "https://hms.acme.dev" };
const ask = (who: Viewer | undefined, path: string, init: RequestInit = {}) => portal(who).app.request(path, init);

describe("who asks", () => {
  test("nobody: a page leads to sign-in and back, the API and every change say 401", async () => {
    const page = await ask(undefined, "/pulls/7?tab=facts");
    expect(page.status).toBe(303);
    expect(page.headers.get("location")).toBe("/sign-in?to=%2Fpulls%2F7%3Ftab%3Dfacts");
    for (const [path, method] of [
      ["/api/v1/pulls", "GET"],
      ["/pulls/7", "POST"],
      ["/api/v1/echo", "POST"],
    ] as const) {
      const answer = await ask(undefined, path, { method, headers: HERE });
      expect(answer.status, path).toBe(401);
      expect(await answer.json()).toMatchObject({ code: "not-signed-in", status: 401 });
    }
  });

  test("nobody: what a page's own script asks for is told so, and no sign-in begins behind anybody's back", async () => {
    const asked = async (headers: Record<string, string>) => (await ask(undefined, "/pulls/7", { headers })).status;
    expect(await asked({ "sec-fetch-dest": "empty", accept: "text/html" })).toBe(401);
    expect(await asked({ accept: "text/event-stream" })).toBe(401);
    expect(await asked({ "sec-fetch-dest": "document", accept: "text/html" })).toBe(303);
  });

  test("without the role: 403, which names it", async () => {
    const answer = await ask(viewer(["reader"]), "/pulls/7", { method: "POST", headers: HERE });
    expect(answer.status).toBe(403);
    expect(await answer.json()).toMatchObject({ code: "not-allowed", detail: "This needs the role operator." });
  });

  test("a role that was just given counts at once: GitHub is asked before somebody is refused", async () => {
    const renewed = vi.fn(async () => viewer(["reader", "operator"]));
    const answer = await ask(viewer(["reader"], { renewed }), "/pulls/7", { method: "POST", headers: HERE });
    expect(answer.status).toBe(200);
    expect(renewed).toHaveBeenCalledTimes(1);
  });

  test("what one may see just now too; a change is never made twice", async () => {
    const seen: boolean[] = [];
    const answers = (_: unknown, who: Viewer): Response => {
      seen.push(who.sees(1, 2));
      return new Response("", { status: who.sees(1, 2) ? 200 : 404 });
    };
    const routes: Route[] = [
      { method: "GET", path: "/one", access: "reader", summary: "", handler: answers },
      { method: "POST", path: "/one", access: "reader", summary: "", handler: answers },
    ];
    const blind = viewer(["reader"], { sees: () => false, renewed: async () => viewer(["reader"]) });
    expect((await portal(blind, routes).app.request("/one")).status).toBe(200);
    const changed = await portal(blind, routes).app.request("/one", { method: "POST", headers: HERE });
    expect(changed.status).toBe(404);
    expect(seen).toEqual([false, true, false]);
  });
});

describe("a change that a page of somebody else asks for", () => {
  test.each<[string, Record<string, string>, number]>([
    ["our own page", HERE, 200],
    ["our own page, in a browser that says no origin", { "sec-fetch-site": "same-origin" }, 200],
    ["our own page, in a browser without fetch metadata", { origin: "https://hms.acme.dev" }, 200],
    [
      "another name of this machine",
      { "sec-fetch-site": "same-origin", origin: "https://10.0.0.7", host: "10.0.0.7" },
      200,
    ],
    ["another site", { "sec-fetch-site": "cross-site", origin: "https://evil.example" }, 403],
    ["another site, in a browser without fetch metadata", { origin: "https://evil.example" }, 403],
    ["a sibling of the domain", { "sec-fetch-site": "same-site", origin: "https://blog.acme.dev" }, 403],
    ["our name without TLS", { origin: "http://hms.acme.dev" }, 403],
    ["a sandboxed frame", { "sec-fetch-site": "same-origin", origin: "null" }, 403],
    ["a sender that does not say", {}, 403],
  ])("%s: %s", async (_who, headers, status) => {
    const answer = await ask(viewer(["operator", "reader"]), "/pulls/7", { method: "POST", headers });
    expect(answer.status).toBe(status);
  });

  test("the operator token is no cookie: it needs no page", async () => {
    const machine = viewer(["operator", "reader"], { kind: "machine" });
    expect((await ask(machine, "/pulls/7", { method: "POST" })).status).toBe(200);
  });

  test("where no session is needed, only a page of somebody else is refused", async () => {
    expect((await ask(undefined, "/open", { method: "POST" })).status).toBe(200);
    const foreign = { origin: "https://evil.example" };
    expect((await ask(undefined, "/open", { method: "POST", headers: foreign })).status).toBe(403);
  });
});

describe("methods", () => {
  test.each([
    ["/pulls/7", "DELETE", "GET, POST, HEAD"],
    ["/api/v1/pulls", "POST", "GET, HEAD"],
    ["/api/v1/echo", "GET", "POST"],
    ["/open", "OPTIONS", "GET, POST, HEAD"],
  ])("%s %s: 405 and what there is", async (path, method, allow) => {
    const answer = await ask(viewer(["reader"]), path, { method, headers: HERE });
    expect(answer.status).toBe(405);
    expect(answer.headers.get("allow")).toBe(allow);
  });

  test("HEAD is GET without the body, with the same authorisation", async () => {
    const answer = await ask(viewer(["reader"]), "/pulls/7", { method: "HEAD" });
    expect([answer.status, await answer.text()]).toEqual([200, ""]);
    expect((await ask(undefined, "/api/v1/pulls", { method: "HEAD" })).status).toBe(401);
  });
});

describe("how much", () => {
  const post = (body: string | ReadableStream) =>
    ask(viewer(["reader"]), "/api/v1/echo", { method: "POST", headers: HERE, body, duplex: "half" } as RequestInit);
  const stream = (text: string) => new Blob([text]).stream();

  test("a body within the route's cap reaches the handler whole", async () => {
    expect(await (await post("0123456789")).text()).toBe("0123456789");
    expect(await (await post(stream("0123456789"))).text()).toBe("0123456789");
  });

  test("a larger one is refused, told beforehand or not", async () => {
    expect((await post("0123456789!")).status).toBe(413);
    expect((await post(stream("0123456789!"))).status).toBe(413);
  });

  test("a sender who asks without end is told when there is room again; probes are not counted", async () => {
    const free: Route = { method: "GET", path: "/probe", access: "public", summary: "", cost: 0, handler };
    const { app } = portal(undefined, [...ROUTES, free]);
    let last = new Response();
    for (let i = 0; i <= 300; i++) last = await app.request("/open");
    expect(last.status).toBe(429);
    expect(Number(last.headers.get("retry-after"))).toBeGreaterThan(0);
    expect((await app.request("/probe")).status).toBe(200);
  });
});

describe("headers", () => {
  test("every answer has them, errors too; TLS is kept where there is TLS", async () => {
    for (const path of ["/open", "/pulls/7", "/api/v1/pulls", "/nowhere"]) {
      const { headers } = await ask(viewer(["reader"]), path);
      const policy = headers.get("content-security-policy") ?? "";
      for (const part of ["default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'"])
        expect(policy).toContain(part);
      expect(policy).not.toContain("unsafe");
      expect(headers.get("x-content-type-options")).toBe("nosniff");
      expect(headers.get("cross-origin-opener-policy")).toBe("same-origin");
      expect(headers.get("permissions-policy")).toContain("camera=()");
      expect(headers.get("strict-transport-security")).toBe("max-age=31536000");
    }
    const plain = await portal(undefined, ROUTES, "http://127.0.0.1:3000").app.request("/open");
    expect(plain.headers.get("strict-transport-security")).toBeNull();
  });

  test("nobody keeps what was shown to somebody who is signed in, or that they were refused", async () => {
    for (const [who, path] of [
      [viewer(["reader"]), "/pulls/7"],
      [viewer([]), "/pulls/7"],
      [undefined, "/pulls/7"],
      [undefined, "/api/v1/pulls"],
    ] as const)
      expect((await ask(who, path)).headers.get("cache-control"), path).toBe("no-store");
  });
});

test("a handler that throws: 500, told to the operator and not to whoever asked", async () => {
  const routes: Route[] = [
    {
      method: "GET",
      path: "/broken",
      access: "reader",
      summary: "",
      handler: () => {
        throw new Error("the secret of acme/vault");
      },
    },
  ];
  const { app, failed } = portal(viewer(["reader"]), routes);
  const answer = await app.request("/broken");
  expect(answer.status).toBe(500);
  expect(await answer.text()).not.toContain("vault");
  expect(failed).toHaveBeenCalledTimes(1);
});

test("a browser reads a problem as a page, with no script in it", async () => {
  const answer = await ask(viewer([]), "/pulls/7", { headers: { accept: "text/html,*/*" } });
  expect(answer.status).toBe(403);
  expect(answer.headers.get("content-type")).toContain("text/html");
  const text = await answer.text();
  expect(text).toContain("This needs the role reader.");
  expect(text).not.toMatch(/<script(?! type="module" src="\/assets\/)/);
  expect(text).toContain("<code>not-allowed</code>");
});

test("what costs more is had less often from one address, and those who are signed in do not notice", async () => {
  const dear: Route = { method: "GET", path: "/dear", access: "public", summary: "", cost: 10, handler };
  const { app } = portal(viewer(["reader"]), [...ROUTES, dear]);
  const statuses: number[] = [];
  for (let i = 0; i < 31; i++) statuses.push((await app.request("/dear")).status);
  expect(statuses).toEqual([...Array(30).fill(200), 429]);
  expect((await app.request("/pulls/7")).status).toBe(200);
});
