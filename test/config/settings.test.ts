import { createPrivateKey, generateKeyPairSync } from "node:crypto";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Environment, readSettings, type Settings, VARIABLES } from "../../src/config/settings.ts";

const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
const PKCS8 = privateKey.export({ type: "pkcs8", format: "pem" }).toString();
const PKCS1 = privateKey.export({ type: "pkcs1", format: "pem" }).toString();
const BASE: Environment = { APP_ID: "12", PRIVATE_KEY: PKCS1, WEBHOOK_SECRET: "s3cret" };

function settings(change: Environment = {}): Settings {
  const result = readSettings({ ...BASE, ...change });
  if (!("settings" in result)) throw new Error("problems" in result ? result.problems.join("\n") : "no credentials");
  return result.settings;
}

function problems(change: Environment): string[] {
  const result = readSettings({ ...BASE, ...change });
  return "problems" in result ? result.problems : [];
}

test("the least, with every default", () => {
  expect(settings()).toEqual({
    host: "127.0.0.1",
    port: 3000,
    publicUrl: "http://127.0.0.1:3000",
    controls: expect.objectContaining({ chosen: [expect.objectContaining({ name: "fedramp-moderate" })] }),
    dataDir: "./data",
    store: { kind: "sqlite", path: "./data/hms.db" },
    app: { id: 12, privateKey: PKCS8, webhookSecret: "s3cret" },
    githubApiUrl: "https://api.github.com",
    oidcIssuer: "https://token.actions.githubusercontent.com",
    githubLimits: "published",
    egressAllow: [],
    onboarding: true,
    allowedOwners: [],
    roleTeams: { operator: [], auditor: [], admin: [] },
    resyncIntervalMs: 600_000,
    logLevel: "info",
  });
});

test("everything set", () => {
  const sha256 = "AB".repeat(32);
  expect(
    settings({
      PORT: "0",
      HOST: "::",
      HMS_PUBLIC_URL: "https://hms.acme.dev/",
      HMS_DATA_DIR: "/var/lib/hms/",
      HMS_POLICY_BUNDLE: `/etc/p.wasm#sha256:${sha256}`,
      GITHUB_API_URL: "https://github.acme.dev/api/v3/",
      HMS_ALLOWED_OWNERS: " Acme, acme-labs ,",
      HMS_RESYNC_INTERVAL: "90s",
      LOG_LEVEL: "debug",
    }),
  ).toMatchObject({
    port: 0,
    host: "::",
    publicUrl: "https://hms.acme.dev",
    store: { kind: "sqlite", path: "/var/lib/hms/hms.db" },
    policyBundle: { path: "/etc/p.wasm", sha256: sha256.toLowerCase() },
    githubApiUrl: "https://github.acme.dev/api/v3",
    allowedOwners: ["acme", "acme-labs"],
    resyncIntervalMs: 90_000,
    logLevel: "debug",
  });
  expect(settings({ HMS_STORE_URL: "sqlite:///var/x.db" }).store.path).toBe("/var/x.db");
  expect(settings({ HMS_STORE_URL: "sqlite:x.db" }).store.path).toBe("x.db");
});

describe("the private key", () => {
  test.each([
    ["PKCS#1", PKCS1],
    ["PKCS#8", PKCS8],
    ["literal \\n", PKCS1.replaceAll("\n", "\\n")],
    ["quoted, literal \\n", `"${PKCS1.replaceAll("\n", "\\n")}"`],
    ["CRLF", PKCS1.replaceAll("\n", "\r\n")],
    ["base64", Buffer.from(PKCS1).toString("base64")],
  ])("%s", (_form, text) => {
    expect(settings({ PRIVATE_KEY: text }).app.privateKey).toBe(PKCS8);
  });

  const directory = mkdtempSync(join(tmpdir(), "hms-key-"));
  test("from a file", () => {
    const path = join(directory, "key.pem");
    writeFileSync(path, PKCS1);
    expect(settings({ PRIVATE_KEY: undefined, PRIVATE_KEY_PATH: path }).app.privateKey).toBe(PKCS8);
    expect(problems({ PRIVATE_KEY_PATH: path })[0]).toMatch(/^PRIVATE_KEY and PRIVATE_KEY_PATH are both set; give one/);
  });

  const ec = generateKeyPairSync("ec", { namedCurve: "P-256" })
    .privateKey.export({ type: "pkcs8", format: "pem" })
    .toString();
  const locked = createPrivateKey(PKCS1)
    .export({ type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase: "x" })
    .toString();
  test.each([
    [{ PRIVATE_KEY: "hello" }, /^PRIVATE_KEY does not hold a PEM private key/],
    [{ PRIVATE_KEY: "!!" }, /^PRIVATE_KEY does not hold a PEM private key/],
    [{ PRIVATE_KEY: PKCS1.slice(0, 400) }, /^PRIVATE_KEY holds a private key that cannot be parsed/],
    [{ PRIVATE_KEY: locked }, /^PRIVATE_KEY holds a private key that cannot be parsed/],
    [{ PRIVATE_KEY: ec }, /^PRIVATE_KEY holds a key that is not RSA/],
    [{ PRIVATE_KEY: "" }, /^PRIVATE_KEY or PRIVATE_KEY_PATH is missing/],
    [{ PRIVATE_KEY: undefined, PRIVATE_KEY_PATH: join(directory, "none") }, /cannot be read \(ENOENT\)/],
    [{ PRIVATE_KEY: undefined, PRIVATE_KEY_PATH: directory }, /cannot be read \(EISDIR\)/],
  ])("%# refused", (change, problem) => {
    expect(problems(change)[0]).toMatch(problem);
  });
});

describe("refused, with the variable's name and an example", () => {
  test.each([
    [{ PORT: "65536" }, "PORT must be a whole number from 0 to 65535. Example: PORT=3000"],
    [{ PORT: "3e3" }, "PORT must be a whole number from 0 to 65535. Example: PORT=3000"],
    [{ APP_ID: undefined }, "APP_ID is missing. Example: APP_ID=123456"],
    [{ APP_ID: "Iv1.x" }, "APP_ID must be a whole number from 1 to 9007199254740991. Example: APP_ID=123456"],
    [{ WEBHOOK_SECRET: "" }, "WEBHOOK_SECRET is missing. Example: WEBHOOK_SECRET=$(openssl rand -hex 32)"],
    [{ WEBHOOK_SECRET: "  " }, "WEBHOOK_SECRET is missing. Example: WEBHOOK_SECRET=$(openssl rand -hex 32)"],
    [
      { HMS_PUBLIC_URL: "ftp://x" },
      "HMS_PUBLIC_URL must be an http or https URL. Example: HMS_PUBLIC_URL=https://hms.acme.dev",
    ],
    [
      { HMS_PUBLIC_URL: "https://a:b@x" },
      "HMS_PUBLIC_URL must not hold a user name or password. Example: HMS_PUBLIC_URL=https://hms.acme.dev",
    ],
    [
      { HMS_STORE_URL: "nats://a:b@c" },
      "HMS_STORE_URL names a NATS server, which is not in this version; use sqlite:PATH. Example: HMS_STORE_URL=sqlite:/var/lib/hms/hms.db",
    ],
    [{ HMS_STORE_URL: "x.db" }, "HMS_STORE_URL must be sqlite:PATH. Example: HMS_STORE_URL=sqlite:/var/lib/hms/hms.db"],
    [
      { HMS_STORE_URL: "sqlite::memory:" },
      "HMS_STORE_URL must name a file: what is accepted has to outlive the process. Example: HMS_STORE_URL=sqlite:/var/lib/hms/hms.db",
    ],
    [
      { HMS_CHECKER_URL: "https://opa", HMS_POLICY_BUNDLE: "p.wasm" },
      "HMS_CHECKER_URL and HMS_POLICY_BUNDLE are both set, and only one policy can be in force. Leave one out.",
    ],
    [
      { HMS_RESYNC_INTERVAL: "10" },
      "HMS_RESYNC_INTERVAL must be a duration such as 90s, 10m, 8h or 3d. Example: HMS_RESYNC_INTERVAL=10m",
    ],
    [
      { HMS_RESYNC_INTERVAL: "3d" },
      "HMS_RESYNC_INTERVAL must lie between 1s and 24h. Example: HMS_RESYNC_INTERVAL=10m",
    ],
    [
      { HMS_SECRETS_URL: "aws-sm:eu-west-1" },
      "HMS_SECRETS_URL is set, but reading secrets from a manager is not in this version; give them in the environment (`env:`) or as files (`file:DIRECTORY`).",
    ],
    [
      { HMS_SECRETS_URL: "vault:x" },
      "HMS_SECRETS_URL must be env: or file:DIRECTORY. Example: HMS_SECRETS_URL=file:/run/secrets/hms",
    ],
    [
      { KUBECONFIG: "/not/there" },
      "KUBECONFIG: the file cannot be read (ENOENT); it must name one file. Example: KUBECONFIG=/etc/hms/kubeconfig",
    ],
    [
      { HMS_ALLOWED_OWNERS: "a b" },
      "HMS_ALLOWED_OWNERS must be GitHub logins, parted by commas. Example: HMS_ALLOWED_OWNERS=acme,acme-labs",
    ],
    [
      { LOG_LEVEL: "loud" },
      "LOG_LEVEL must be one of fatal, error, warn, info, debug, trace, silent. Example: LOG_LEVEL=info",
    ],
  ])("%j", (change, problem) => {
    expect(problems(change)).toEqual([problem]);
  });

  test.each([
    "p#sha256:12",
    "p#",
    "#sha256:x",
    "https://x/p.wasm",
    "p#sha1:1#2",
    `http://x/p.wasm#sha256:${"0".repeat(64)}`,
    `http://127.evil.example/p.wasm#sha256:${"0".repeat(64)}`,
    `https://u:p@x/p.wasm#sha256:${"0".repeat(64)}`,
    `s3://x/p.wasm#sha256:${"0".repeat(64)}`,
  ])("HMS_POLICY_BUNDLE=%s", (value) => {
    expect(problems({ HMS_POLICY_BUNDLE: value })).toHaveLength(1);
  });

  test("all at once", () => {
    expect(readSettings({ APP_ID: "" })).toMatchObject({
      problems: [/^APP_ID/, /^WEBHOOK/, /^PRIVATE/].map((name) => expect.stringMatching(name)),
    });
  });
});

describe("without an App", () => {
  const nothing = { APP_ID: undefined, PRIVATE_KEY: undefined, WEBHOOK_SECRET: undefined };
  const emptyDirectory = () => mkdtempSync(join(tmpdir(), "hms-no-app-"));
  const saved = {
    version: 1,
    githubApiUrl: "https://api.github.com",
    githubLimits: "published",
    egressAllow: [],
    onboarding: true,
    id: 7,
    slug: "hms-acme",
    owner: "acme",
    ownerType: "Organization",
    htmlUrl: "https://github.com/apps/hms-acme",
    privateKey: PKCS1,
    webhookSecret: "saved",
    clientId: "Iv23",
    clientSecret: "c",
  };
  const directoryWith = (content: string): string => {
    const directory = emptyDirectory();
    writeFileSync(join(directory, "github-app.json"), content);
    return directory;
  };

  test("nothing given and nothing saved: it is to be set up", () => {
    const result = readSettings({ HMS_DATA_DIR: emptyDirectory() });
    expect(result).toMatchObject({ setUp: { host: "127.0.0.1", port: 3000 }, warnings: [] });
  });

  test.each([
    { APP_ID: "12" },
    { WEBHOOK_SECRET: "s" },
    { PRIVATE_KEY: PKCS1 },
    { APP_ID: "", PRIVATE_KEY: "", WEBHOOK_SECRET: "" },
  ])("a part of it, or something that came out empty, is a mistake", (given) => {
    expect(readSettings({ ...given, HMS_DATA_DIR: directoryWith(JSON.stringify(saved)) })).toHaveProperty("problems");
  });

  test("what was saved is used, and the environment wins over it", () => {
    const HMS_DATA_DIR = directoryWith(JSON.stringify(saved));
    expect(settings({ ...nothing, HMS_DATA_DIR }).app).toEqual({
      id: 7,
      privateKey: PKCS8,
      webhookSecret: "saved",
      clientId: "Iv23",
      clientSecret: "c",
    });
    expect(settings({ HMS_DATA_DIR }).app.id).toBe(12);
    const client = { GITHUB_CLIENT_ID: "Iv99", GITHUB_CLIENT_SECRET: "d" };
    expect(settings({ ...nothing, HMS_DATA_DIR, ...client }).app).toMatchObject({ id: 7, clientId: "Iv99" });
  });

  test.each([
    ["cut", JSON.stringify(saved).slice(0, 500), /is not complete JSON/],
    ["empty", "", /is not complete JSON/],
    ["of another version", JSON.stringify({ ...saved, version: 2 }), /has no valid version/],
    ["without its secret", JSON.stringify({ ...saved, webhookSecret: "" }), /has no valid webhookSecret/],
    ["with a broken key", JSON.stringify({ ...saved, privateKey: PKCS1.slice(0, 300) }), /private key that cannot/],
    ["of another GitHub", JSON.stringify({ ...saved, githubApiUrl: "https://x" }), /GITHUB_API_URL is not the GitHub/],
  ])("a file that is %s is told with what to do, not quoted and not overwritten", (_what, content, problem) => {
    const [told, ...more] = problems({ ...nothing, HMS_DATA_DIR: directoryWith(content) });
    expect(told).toMatch(problem);
    expect(told).not.toContain("BEGIN");
    expect(more).toEqual([]);
  });

  test("signing in takes both halves", () => {
    expect(problems({ GITHUB_CLIENT_ID: "Iv1" })[0]).toMatch(/^GITHUB_CLIENT_SECRET is missing/);
    expect(problems({ GITHUB_CLIENT_SECRET: "s" })[0]).toMatch(/^GITHUB_CLIENT_ID is missing/);
  });
});

test("unknown variables are warned of", () => {
  const result = readSettings({ ...BASE, HMS_ALOWED_OWNERS: "acme", HMS_ZZZZZZZZZ: "1", OTHER: "1" });
  expect(result.warnings).toEqual([
    "HMS_ALOWED_OWNERS is not a variable of this version and does nothing; did you mean HMS_ALLOWED_OWNERS?",
    "HMS_ZZZZZZZZZ is not a variable of this version and does nothing.",
  ]);
});

test("what asks for nothing else than this version does is no problem", () => {
  const result = readSettings({ ...BASE, HMS_SECRETS_URL: "env:" });
  expect(result).toHaveProperty("settings");
  expect(result.warnings).toEqual([]);
});

test("tokens in the clear are warned of, save on this machine", () => {
  expect(readSettings({ ...BASE, GITHUB_API_URL: "http://ghes.acme" }).warnings).toEqual([
    "GITHUB_API_URL is not https: tokens cross the network in the clear.",
  ]);
  for (const url of ["http://127.0.0.1:1", "http://localhost:1", "http://[::1]:1"]) {
    expect(readSettings({ ...BASE, GITHUB_API_URL: url }).warnings).toEqual([]);
  }
});

test("a checker of one's own: a pinned URL, or an OPA server", () => {
  const sha256 = "ab".repeat(32);
  expect(settings({ HMS_POLICY_BUNDLE: `https://acme.dev/p.tar.gz?v=1#sha256:${sha256}` }).policyBundle).toEqual({
    url: "https://acme.dev/p.tar.gz?v=1",
    sha256,
  });
  expect(settings({ HMS_POLICY_BUNDLE: `http://127.0.0.1:1/p#sha256:${sha256}` }).policyBundle).toHaveProperty("url");
  expect(settings({ HMS_CHECKER_URL: "https://opa.acme.dev/a/", HMS_CHECKER_TOKEN: " abc= " }).checkerServer).toEqual({
    url: "https://opa.acme.dev/a",
    token: "abc=",
  });
  expect(problems({ HMS_CHECKER_URL: "https://opa", HMS_CHECKER_TOKEN: "a b" })).toHaveLength(1);
  expect(readSettings({ ...BASE, HMS_CHECKER_URL: "http://opa.acme" }).warnings).toHaveLength(1);
  expect(readSettings({ ...BASE, HMS_CHECKER_TOKEN: "abc" }).warnings).toHaveLength(1);
});

test("no problem or warning quotes a value", () => {
  const names = [...VARIABLES, "HMS_OTHER"];
  const value = fc.oneof(fc.string(), fc.constantFrom("nats://u:", "-----BEGIN ", "sqlite:", "https://u:p@", "", "/"));
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.constantFrom(...names), value)), (pairs) => {
      const marked = Object.fromEntries(pairs.map(([name, text]) => [name, `${text}PLANTED`]));
      const result = readSettings({ ...marked });
      if ("problems" in result) expect(result.problems.join("\n")).not.toContain("PLANTED");
      expect(result.warnings.join("\n")).not.toContain("PLANTED");
    }),
  );
});
