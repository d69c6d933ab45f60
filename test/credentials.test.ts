import { pino } from "pino";
import { expect, test } from "vitest";
import { CredentialsError, checkCredentials } from "../src/credentials.ts";
import { GitHubError } from "../src/ports/github.ts";

/** What was logged; rejects as the process would refuse to start. */
async function check(app: () => Promise<{ id: number; slug: string }>): Promise<string> {
  const lines: string[] = [];
  const log = pino({}, { write: (line: string) => void lines.push(line) });
  await checkCredentials({ app }, { appId: 12, baseUrl: "https://api.github.com", log, withinMs: 50 });
  return lines.join("");
}

const failing = (fault: GitHubError["fault"], status: number, message: string) => async (): Promise<never> => {
  throw new GitHubError(fault, status, message);
};

test("the App that was named: nothing to say", async () => {
  expect(await check(async () => ({ id: 12, slug: "hms" }))).toBe("");
});

test.each([
  ["a key that GitHub does not accept", failing("forbidden", 401, "A JSON web token could not be decoded")],
  ["an App that GitHub does not know", failing("not-found", 404, "GitHub answered 404: Integration not found")],
  ["the key of another App", async () => ({ id: 13, slug: "other" })],
])("%s: refused, with the variables to look at", async (_what, app) => {
  const error = await check(app).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(CredentialsError);
  for (const name of ["APP_ID", "PRIVATE_KEY", "GITHUB_API_URL"]) expect(String(error)).toContain(name);
});

test.each([
  ["is away", failing("unavailable", 502, "bad gateway")],
  ["is not quite GitHub", failing("not-found", 404, "Not Found")],
  ["asks to wait", failing("limited", 403, "rate limit")],
  ["says nothing", () => new Promise<never>(() => undefined)],
])("a GitHub that %s: a warning, and it starts", async (_what, app) => {
  expect(await check(app)).toContain("could not be asked");
});
