import { expect, test } from "vitest";
import { GitHubError } from "../../../src/ports/github.ts";
import type { TeamRef } from "../../../src/ports/people.ts";
import { BANK, SHOP, type Village, viewerOf, village } from "../views/village.ts";
import { site, words } from "./site.ts";

const critical = (sha: string) => ({
  scans: [
    {
      kind: "secrets",
      sha,
      status: "completed" as const,
      findings: [{ rule: "secrets/key", severity: "critical" as const, message: "A key.", fingerprint: "f" }],
    },
  ],
});
const SHA = "c".repeat(40);

async function filled(): Promise<Village> {
  const town = await village();
  await town.judged(SHOP, 1, {}, { title: "Ready one", author: "ada" });
  await town.judged(SHOP, 2, { hold: { by: "linus", reason: "freeze" } }, { title: "Held one", author: "grace" });
  await town.judged(BANK, 3, critical(SHA), { title: "Leaky one", author: "mallory", headSha: SHA });
  return town;
}

test("whoever is not signed in is told what this is, and nothing of any repository", async () => {
  const { status, text } = await site(await filled(), undefined).get("/");
  expect(status).toBe(200);
  expect(text).toContain('href="/sign-in?to=%2F"');
  expect(text).not.toMatch(/acme|Ready one|mallory/);
});

test("open pull requests by repository, with state in words and who is awaited", async () => {
  const said = words((await site(await filled(), viewerOf()).get("/")).text);
  expect(said).toMatch(
    /acme\/bank .*Leaky one .*Blocked.*acme\/shop .*Held one .*Waiting for people.* linus .*Ready one .*Ready to merge/,
  );
});

test("only what the viewer sees, also in what the form offers", async () => {
  const { text } = await site(await filled(), viewerOf({ sees: [SHOP] })).get("/");
  expect(text).toContain("Ready one");
  expect(text).not.toMatch(/bank|Leaky/);
});

test.each([
  ["state=deny", ["Leaky one"]],
  ["state=waiting-on-people", ["Held one"]],
  ["author=GRACE", ["Held one"]],
  ["author=%40grace", ["Held one"]],
  ["repository=acme%2Fbank", ["Leaky one"]],
  ["repository=acme", ["Held one", "Leaky one", "Ready one"]],
  ["text=one", ["Held one", "Leaky one", "Ready one"]],
  ["text=%232", ["Held one"]],
  ["state=nonsense", ["Held one", "Leaky one", "Ready one"]],
  ["author=grace&state=deny", []],
])("the address filters: %s", async (query, titles) => {
  const { text } = await site(await filled(), viewerOf()).get(`/?${query}`);
  expect((text.match(/(?:Held|Leaky|Ready) one/g) ?? []).sort()).toEqual(titles);
});

test.each([
  ["linus", ["Held one"]],
  ["mallory", ["Leaky one"]],
  ["ada", []],
])("waiting for me: %s sees those that name them, and their own that are blocked", async (login, titles) => {
  const { text } = await site(await filled(), viewerOf({ login })).get("/?waiting=me");
  expect((text.match(/(?:Held|Leaky|Ready) one/g) ?? []).sort()).toEqual(titles);
});

/** Two pull requests that wait for code owners, and one that names a team of somebody else. */
async function owned(): Promise<Village> {
  const town = await filled();
  const review = (owners: string[], approvers: number[] | null = []) => ({
    required_reviews: [{ rule: "code-owners" as const, files: ["a.ts"], count: 1, owners, approvers }],
  });
  await town.judged(SHOP, 5, review(["@acme/sre", "@linus"]), { title: "Owned one" });
  await town.judged(SHOP, 6, review(["@acme/SRE"]), { title: "Teamed one" });
  await town.judged(BANK, 7, review(["@elsewhere/guards", "@acme/tellers"]), { title: "Foreign one" });
  return town;
}

const OWNED = /(?:Held|Leaky|Ready|Owned|Teamed|Foreign) one/g;

test.each([
  ["grace", "acme/sre", ["Owned one", "Teamed one"]],
  ["linus", "none", ["Held one", "Owned one"]],
  ["LINUS", "acme/tellers", ["Foreign one", "Held one", "Owned one"]],
  ["ada", "none", []],
])("waiting for me: %s, who is in %s, sees what waits for that team or for them", async (login, team, titles) => {
  const asked: string[] = [];
  const isMember = async (installationId: number, { org, slug }: TeamRef, who: string) => {
    asked.push(`${installationId} ${org}/${slug} ${who}`.toLowerCase());
    return `${org}/${slug}`.toLowerCase() === team;
  };
  const pages = site(await owned(), viewerOf({ login }), { isMember });
  const { text } = await pages.get("/?waiting=me");
  expect((text.match(OWNED) ?? []).sort()).toEqual(titles);
  // Once each, only teams of the repository's organisation, and nobody's but the viewer's.
  const me = login.toLowerCase();
  expect(asked.sort()).toEqual([`7 acme/sre ${me}`, `7 acme/tellers ${me}`]);
  await pages.get("/?waiting=me");
  expect(asked).toHaveLength(2);
});

test("waiting for me: nobody is asked for a team that nothing on the page waits for", async () => {
  const isMember = async () => expect.fail("asked");
  const town = await owned();
  await site(town, viewerOf(), { isMember }).get("/");
  await site(town, viewerOf(), { isMember }).get("/?waiting=me&state=deny");
});

test("waiting for me: where GitHub cannot say, it is not mine, and the page says so", async () => {
  const isMember = async (_id: number, { slug }: TeamRef) => {
    if (slug.toLowerCase() === "sre") throw new GitHubError("forbidden", 403, "no");
    return true;
  };
  const { status, text } = await site(await owned(), viewerOf({ login: "grace" }), { isMember }).get("/?waiting=me");
  expect(status).toBe(200);
  expect(text.match(OWNED)).toEqual(["Foreign one"]);
  expect(words(text)).toMatch(/Whether you are in acme\/SRE could not be told just now/i);
});

test("nothing to show: says what to do, or how to see all again", async () => {
  const town = await village();
  expect(words((await site(town, viewerOf()).get("/")).text)).toContain("install the App there");
  expect((await site(town, viewerOf()).get("/?author=x")).text).toContain(
    '<a class="button quiet" href="/">Show all</a>',
  );
});

test("pages: every pull request is on exactly one of them, and the filter stays", async () => {
  const town = await village();
  for (let number = 1; number <= 120; number++) await town.judged(SHOP, number, {}, { title: `Change ${number}.` });
  const pages = site(town, viewerOf());
  const seen: string[] = [];
  let path: string | undefined = "/?repository=acme%2Fshop";
  for (let page = 0; path !== undefined && page < 5; page++) {
    const { text } = await pages.get(path);
    seen.push(...(text.match(/Change \d+\./g) ?? []));
    path = /rel="next" href="([^"]+)"/.exec(text)?.[1]?.replaceAll("&amp;", "&");
    if (path) expect(path).toContain("repository=acme%2Fshop");
  }
  expect(seen).toHaveLength(120);
  expect(new Set(seen).size).toBe(120);
});
