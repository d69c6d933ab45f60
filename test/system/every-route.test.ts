import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { compose, type Service } from "../../src/compose.ts";
import { readSettings } from "../../src/config/settings.ts";
import type { Route } from "../../src/portal/route.ts";
import { ROLES } from "../../src/portal/viewer.ts";
import { plantedKey, type Stage, setStage } from "../stage/stage.ts";
import { signedIn, Visitor } from "../stage/visitor.ts";
import { concluded } from "./scene.ts";

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

/** Every route that anyone may ask. What is added here says nothing about any repository. */
const PUBLIC = [
  "GET /",
  "GET /api/v1/openapi.json",
  "GET /assets/",
  "GET /healthz",
  "GET /installed",
  "GET /metrics",
  "GET /readyz",
  "GET /schema/agents-startup.json",
  "GET /schema/hms.json",
  "GET /sign-in",
  "GET /sign-in/callback",
  // Authenticated by the workflow run's own identity token; without one it says only that.
  "POST /api/v1/scans/:id/report",
];
/** What a route takes, where it would else refuse the request before it looks for the repository. */
const BODIES: Record<string, Record<string, unknown>> = {
  "POST /api/v1/decisions/:id/simulate": { patch: {} },
};
/** Words that stand nowhere but in what the planted repository is about. */
const PLANTED = /planted|aubergine/i;
/** Of these, what nobody asks for, so that no answer can be saying it again. */
const UNASKED = /aubergine|planted-branch/i;
const TOKEN = "an-operator-token-of-the-stage-0123456789";

let stage: Stage;
let service: Service;
let routes: readonly Route[];
let fill: Record<string, string>;
const visitors = new Map<string, Visitor>();
/** The process's clock goes ahead, so that whoever asked for a lot has room again. */
let aheadMs = 0;
const named = (route: Route): string => `${route.method} ${route.path}`;
/** Planted on purpose, so that it is seen that the test would see one. */
const UNGUARDED: Route = {
  method: "GET",
  path: "/unguarded/:owner/:repository",
  access: "reader",
  summary: "A handler that forgot to ask what the viewer sees.",
  handler: (context) => context.text(`The aubergine of ${context.req.param("owner")}`),
};

beforeAll(async () => {
  stage = await setStage({ owner: "planted-org", withoutHms: true });
  const { github } = stage;
  const vault = await github.createRepository("planted-org", "planted-vault", {
    private: true,
    files: {
      "aubergine.txt": "planted\n",
      ".github/hms.yml": "version: 1\npreview:\n  components: [{ name: web, path: deploy/web }]\n",
    },
  });
  for (const login of ["ada", "grace"]) github.setCollaborator(vault, login, "write");
  github.createTeam("planted-org", "leads", { members: ["grace"] });
  // Somebody with every role, elsewhere.
  github.createOrg("elsewhere", { members: ["mallory"] });
  github.createTeam("elsewhere", "leads", { members: ["mallory"] });
  await github.createRepository("elsewhere", "own", { private: true, files: { "README.md": "own\n" } });
  github.install(stage.app, "elsewhere");
  const read = readSettings({
    ...stage.environment,
    LOG_LEVEL: "silent",
    HMS_OPERATOR_TOKEN: TOKEN,
    HMS_ADMIN_TEAMS: "planted-org/leads,elsewhere/leads",
  });
  if (!("settings" in read)) throw new Error("no settings");
  service = await compose(read.settings, {
    clock: { now: () => Date.now() + aheadMs },
    routes(all) {
      routes = all;
      return [...all, UNGUARDED];
    },
  });
  stage.hms = { url: service.url, output: () => "", kill: () => service.stop() } as never;
  const sha = await github.commit(vault, "planted-branch", {
    files: { "planted.txt": "aubergine\n" },
    author: "ada",
    message: "A planted change",
  });
  const { number } = await github.openPull(vault, {
    head: "planted-branch",
    author: "ada",
    title: "The aubergine pull",
  });
  await concluded(stage, { repository: vault, sha }, "success");
  const leak = await github.commit(vault, "planted-leak", {
    files: { "planted-aubergine.txt": `aubergine = "${plantedKey()}"\n` },
    author: "ada",
    message: "A planted leak",
  });
  await github.openPull(vault, { head: "planted-leak", author: "ada", title: "The aubergine leak" });
  await concluded(stage, { repository: vault, sha: leak }, "failure");
  const machine = { authorization: `Bearer ${TOKEN}` };
  const listed = await fetch(`${service.url}/api/v1/findings`, { headers: machine });
  const [finding] = ((await listed.json()) as { items: { fingerprint: string }[] }).items;
  const found = await fetch(`${service.url}/api/v1/decisions`, { headers: machine });
  const [decision] = ((await found.json()) as { items: { id: string }[] }).items;
  fill = {
    owner: "planted-org",
    repository: "planted-vault",
    number: String(number),
    id: decision?.id ?? "",
    fingerprint: finding?.fingerprint ?? "",
  };
});
afterAll(async () => {
  await stage?.close();
});

/** The route's address for the planted repository. */
function addressOf(route: Route): string {
  const path = route.path.replace(/:(\w+)/g, (_, name: string) => {
    if (!fill[name]) throw new Error(`this test has to learn what :${name} of ${named(route)} is`);
    return encodeURIComponent(fill[name]);
  });
  return `${service.url}${path}`;
}

interface Answer {
  status: number;
  text: string;
}

/** Live streams are read for as long as they have something to say at once. */
async function textOf(response: Response): Promise<string> {
  if (!response.headers.get("content-type")?.startsWith("text/event-stream")) return response.text();
  const reader = response.body?.getReader();
  let text = "";
  for (;;) {
    const pause = new Promise<undefined>((resolve) => setTimeout(resolve, 200, undefined));
    const part = await Promise.race([reader?.read(), pause]);
    if (!part?.value) break;
    text += Buffer.from(part.value).toString("utf8");
  }
  await reader?.cancel();
  return text;
}

async function ask(route: Route, who: Visitor | Record<string, string>, query = ""): Promise<Answer> {
  const cookies =
    who instanceof Visitor ? [...who.cookies(service.url)].map(([name, value]) => `${name}=${value}`) : [];
  const isApi = route.path.startsWith("/api/");
  const key = `pull/${stage.installationId}/1/1`;
  const sent: Record<string, unknown> = BODIES[named(route)] ?? {
    id: fill.id ?? "",
    key,
    repository: "planted-org/planted-vault",
  };
  const response = await fetch(`${addressOf(route)}${query}`, {
    method: route.method,
    redirect: "manual",
    headers: {
      origin: service.url,
      "sec-fetch-site": "same-origin",
      accept: isApi ? "application/json" : "text/html",
      ...(cookies.length > 0 ? { cookie: cookies.join("; ") } : {}),
      ...(route.method === "GET"
        ? {}
        : { "content-type": isApi ? "application/json" : "application/x-www-form-urlencoded" }),
      ...(who instanceof Visitor ? {} : who),
    },
    ...(route.method === "GET"
      ? {}
      : { body: isApi ? JSON.stringify(sent) : new URLSearchParams(sent as Record<string, string>).toString() }),
  });
  return { status: response.status, text: await textOf(response) };
}

async function person(login: string): Promise<Visitor> {
  aheadMs += 60_000;
  const visitor = visitors.get(login) ?? (await signedIn(service.url, stage.github.url, stage.token(login)));
  visitors.set(login, visitor);
  return visitor;
}
const guarded = (): Route[] => routes.filter(({ access }) => access !== "public");
const narrow = (route: Route): boolean => route.path.includes(":");
/** What an address of a list may ask for; an API that refuses it says nothing either. */
const QUERIES = ["", "?owner=planted-org&repository=planted-vault", "?repository=planted-org/planted-vault&q=planted"];

/** Routes that told the one who asked something that they may not know. */
async function told(
  all: readonly Route[],
  who: Visitor | Record<string, string>,
  expected: (route: Route) => number[],
) {
  const wrong: string[] = [];
  aheadMs += 60_000;
  for (const route of all) {
    aheadMs += 2_000;
    for (const query of route.method === "GET" && !narrow(route) ? QUERIES : [""]) {
      const { status, text } = await ask(route, who, query);
      const leaks =
        (narrow(route) || query !== "" ? UNASKED : PLANTED).test(text) ||
        (!narrow(route) && text.includes(fill.id ?? "-"));
      if (!expected(route).includes(status) || leaks)
        wrong.push(`${named(route)}${query}: ${status} ${text.slice(0, 300)}`);
    }
  }
  return wrong;
}

test("every route has its authorisation decision, and the public ones are these", () => {
  expect(routes.length).toBeGreaterThan(20);
  for (const route of routes) expect(["public", ...ROLES], named(route)).toContain(route.access);
  const open = routes.filter(({ access }) => access === "public").map(named);
  expect(new Set(open.map((name) => name.replace(/^(GET \/assets\/).*/, "$1")))).toEqual(new Set(PUBLIC));
});

describe("what is not public", () => {
  test("says nothing to whoever is not signed in, or brings a wrong token", async () => {
    for (const who of [{}, { authorization: `Bearer ${TOKEN}x` }, { cookie: `hms-session=hmss_${"A".repeat(43)}` }])
      expect(await told(guarded(), who as Record<string, string>, () => [401, 303])).toEqual([]);
  });

  test("says nothing of a repository to somebody whom GitHub does not show it, whatever they are elsewhere", async () => {
    const mallory = await person("mallory");
    const signOut = (route: Route): boolean => route.path === "/sign-out";
    const expected = (route: Route): number[] =>
      narrow(route) ? [403, 404] : [200, 303, 400, 403, 404, 409, 415, 422];
    expect(
      await told(
        guarded().filter((route) => !signOut(route)),
        mallory,
        expected,
      ),
    ).toEqual([]);
  });

  test("takes the role that it names", async () => {
    const ada = await person("ada");
    const others = guarded().filter(({ access }) => access !== "reader");
    expect(others.length).toBeGreaterThan(3);
    expect(await told(others, ada, () => [403])).toEqual([]);
  });

  test("is there: who may see the repository and has every role is shown it", async () => {
    const grace = await person("grace");
    const pages = guarded().filter((route) => route.method === "GET" && narrow(route));
    expect(pages.length).toBeGreaterThan(3);
    for (const route of pages) expect((await ask(route, grace)).status, named(route)).toBe(200);
    const lists = await Promise.all(
      ["/api/v1/pulls", "/api/v1/decisions", "/api/v1/findings"].map((path) => grace.request(service.url + path)),
    );
    for (const { text } of lists) expect(text).toMatch(PLANTED);
  });
});

test("a route whose handler forgot to look is found", async () => {
  expect(await told([UNGUARDED], await person("mallory"), () => [403, 404])).toHaveLength(1);
});

test("the front page shows nobody more than they may see", async () => {
  expect((await new Visitor().request(`${service.url}/`)).text).not.toMatch(PLANTED);
  expect((await (await person("mallory")).request(`${service.url}/`)).text).not.toMatch(PLANTED);
  expect((await (await person("ada")).request(`${service.url}/`)).text).toMatch(PLANTED);
});
