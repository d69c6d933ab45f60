import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { readSettings } from "../../src/config/settings.ts";
import { projectFor, readSonarQubeFile } from "../../src/config/sonarqube.ts";

const folder = mkdtempSync(join(tmpdir(), "hms-sonarqube-"));
afterAll(() => rmSync(folder, { recursive: true }));
const path = join(folder, "sonarqube.yml");
const environment = { SONARQUBE_TOKEN: "squ_secret", SONARQUBE_WEBHOOK_SECRET: "s3cret", WEBHOOK_SECRET: "w" };

function read(text: string, directory: string | undefined = folder) {
  writeFileSync(path, text);
  return readSonarQubeFile(path, { environment, secretsDirectory: directory, reserved: ["WEBHOOK_SECRET"] });
}
const least = {
  url: "url: https://sonar.acme.dev",
  token: "token: env:SONARQUBE_TOKEN",
  projects: "projects: [{ repositories: [acme/shop], keys: [shop] }]",
};
const text = (change: Partial<typeof least> = {}, more = "") =>
  ["version: 1", ...Object.values({ ...least, ...change }), more].join("\n");

test("the documentation's example", () => {
  const document = readFileSync(new URL("../../docs/scans.md", import.meta.url), "utf8");
  const section = document.slice(document.indexOf("## SonarQube"));
  expect(read(/```yaml\n([\s\S]*?)```/.exec(section)?.[1] ?? "")).toEqual({
    sonarqube: {
      url: "https://sonarqube.acme.dev",
      token: "env:SONARQUBE_TOKEN",
      webhookSecret: "env:SONARQUBE_WEBHOOK_SECRET",
      projects: [
        { repositories: ["acme/shop"], keys: ["acme_shop"] },
        { repositories: ["acme-labs/*"], keys: ["labs_*"] },
      ],
    },
  });
});

test.each([
  ["a secret in place of where it is", text({ token: "token: squ_secret" }), "token: must be env:NAME or file:NAME"],
  ["a variable that is not there", text({ token: "token: env:NOPE" }), "token: the variable NOPE is not set"],
  ["one of ours", text({ token: "token: env:WEBHOOK_SECRET" }), "token: WEBHOOK_SECRET is HMS-SYS's own"],
  ["an address with a user", text({ url: "url: https://u:p@sonar.acme.dev" }), "url: must be an http or https URL"],
  ["another scheme", text({ url: "url: file:///etc/passwd" }), "url: must be an http or https URL"],
  ["every project at once", text({ projects: 'projects: [{ repositories: [acme/shop], keys: ["*"] }]' }), "keys.0"],
  [
    "every repository at once",
    text({ projects: 'projects: [{ repositories: ["*/*"], keys: [a] }]' }),
    "repositories.0",
  ],
  ["no projects", text({ projects: "projects: []" }), "projects"],
  ["a word too many", text({}, "insecure: true"), "the file"],
  ["an alias", text({ token: "a: &a x\ntoken: *a" }), "not YAML without aliases"],
  ["nothing", "", "the file"],
])("%s is refused", (_name, file, problem) => {
  const told = JSON.stringify(read(file));
  expect(told).toContain(problem);
  expect(told).not.toMatch(/squ_secret|s3cret|u:p/);
});

test("a file needs a folder of files, and the settings tell of it with the variable", () => {
  const file = text({ token: "token: file:sonarqube" });
  expect(read(file)).toHaveProperty("sonarqube.token", "file:sonarqube");
  writeFileSync(path, file);
  expect(readSettings({ HMS_SONARQUBE: path })).toMatchObject({
    problems: expect.arrayContaining(["HMS_SONARQUBE: token: a file needs HMS_SECRETS_URL=file:DIRECTORY."]),
  });
  expect(readSettings({ HMS_SONARQUBE: join(folder, "nowhere.yml") })).toMatchObject({
    problems: expect.arrayContaining(["HMS_SONARQUBE: the file cannot be read (ENOENT)."]),
  });
});

describe("which project a repository may read", () => {
  const bound = {
    projects: [
      { repositories: ["acme/shop", "acme/cart"], keys: ["shop", "cart"] },
      { repositories: ["acme/pay"], keys: ["pay"] },
      { repositories: ["labs/*"], keys: ["labs_*"] },
    ],
  };
  const may = (full: string, asked: string | undefined) => {
    const [owner = "", name = ""] = full.split("/");
    const found = projectFor(bound, { owner, name }, asked);
    return "project" in found ? found.project : "no";
  };
  test.each([
    ["acme/shop", "shop", "shop"],
    ["ACME/Shop", "shop", "shop"],
    ["acme/shop", "cart", "cart"],
    ["acme/shop", "pay", "no"],
    ["acme/shop", "Shop", "no"],
    ["acme/shop", "shop2", "no"],
    ["acme/shop", "labs_x", "no"],
    ["acme/shop2", "shop", "no"],
    ["acme/*", "shop", "no"],
    ["acme2/shop", "shop", "no"],
    ["acme/shop", undefined, "no"],
    ["acme/pay", undefined, "pay"],
    ["labs/any", "labs_any", "labs_any"],
    ["labs/any", "labs_", "labs_"],
    ["labs/any", "labs", "no"],
    ["labs/any", "pay", "no"],
    ["labs/any", undefined, "no"],
    ["other/any", undefined, "no"],
  ])("%s, asked for %s: %s", (full, asked, expected) => {
    expect(may(full, asked)).toBe(expected);
  });
});
