import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createEgress } from "../../../src/adapters/egress/egress.ts";
import { createRegistry } from "../../../src/adapters/registry/registry.ts";
import { type RegistryDouble, startRegistry } from "../../doubles/registry/registry.ts";

let double: RegistryDouble;
beforeEach(async () => {
  double = await startRegistry();
  double.images.set("acme/web:v1", {}).set("acme/secret:v1", { private: true });
  double.images.set(`acme/web@sha256:${"a".repeat(64)}`, {});
});
afterEach(() => double.close());

const credentials = () => [
  { registry: "other.dev", username: "bot", password: "wrong" },
  { registry: double.host, ...double.user },
];
const has = (image: string, given = credentials(), allow = [double.host]) =>
  createRegistry(createEgress({ allow, timeoutMs: 2000 })).has(`${double.host}/${image}`, given);

test.each<[string, RegistryDouble["auth"], boolean]>([
  ["acme/web:v1", "token", true],
  ["acme/web:v2", "token", false],
  [`acme/web@sha256:${"a".repeat(64)}`, "token", true],
  [`acme/web:v9@sha256:${"b".repeat(64)}`, "token", false],
  ["acme/secret:v1", "token", true],
  ["acme/web:v1", "basic", true],
  ["acme/web:v2", "basic", false],
  ["acme/web:v1", "none", true],
])("%s behind %s: %s", async (image, auth, there) => {
  double.auth = auth;
  expect(await has(image)).toEqual({ there });
  expect(new Set(double.requests.map(({ method }) => method))).toEqual(
    new Set(auth === "token" ? ["HEAD", "GET"] : ["HEAD"]),
  );
});

test("without credentials what is private is not there; the token asked for can only pull", async () => {
  expect(await has("acme/secret:v1", [])).toEqual({ there: false });
  expect(await has("acme/web:v1", [])).toEqual({ there: true });
  const asked = double.requests.filter(({ path }) => path === "/token");
  expect(asked.map(({ query }) => new URLSearchParams(query).get("scope"))).toEqual([
    "repository:acme/secret:pull",
    "repository:acme/web:pull",
  ]);
  expect(asked.map(({ authorization }) => authorization)).toEqual(["", ""]);
});

describe("what is not known is neither there nor missing", () => {
  test.each<[string, (one: RegistryDouble) => unknown, string]>([
    ["limits", (one) => (one.status = 429), "was asked too often (429)"],
    ["a failure", (one) => (one.status = 503), "answers 503"],
    ["a redirect", (one) => (one.status = 307), "answers 307"],
    ["a refusal", (one) => (one.status = 403), "does not let HMS-SYS see it (403)"],
    ["a 401 that says nothing", (one) => (one.status = 401), "wants what HMS-SYS does not know"],
    ["other credentials", (one) => (one.user = { username: "bot", password: "new" }), "gives no token for it (401)"],
  ])("%s", async (_what, set, why) => {
    const before = credentials();
    set(double);
    expect(await has("acme/web:v1", before)).toEqual({ there: "unknown", why: `${double.host} ${why}` });
  });

  test("Basic without credentials, and a registry that is gone", async () => {
    double.auth = "basic";
    expect(await has("acme/web:v1", [])).toEqual({ there: "unknown", why: `${double.host} wants credentials` });
    double.close();
    expect(await has("acme/web:v1")).toEqual({ there: "unknown", why: `${double.host}: no answer` });
  });
});

describe("where it does not go", () => {
  test("to a registry that is not public, without being asked", async () => {
    const why = `${double.host}: only https, unless HMS_EGRESS_ALLOW names the host`;
    expect(await has("acme/web:v1", [], [])).toEqual({ there: "unknown", why });
    const metadata = await createRegistry(createEgress({ allow: [] })).has("169.254.169.254/latest:v1");
    expect(metadata).toHaveProperty("why", expect.stringContaining("not a public address"));
    expect(double.requests).toEqual([]);
  });

  test.each([
    "http://169.254.169.254/token",
    "https://10.0.0.1/token",
    "http://localhost:1/token",
    "file:///etc/passwd",
  ])("to %s for a token, and no password gets there", async (realm) => {
    double.realm = realm;
    expect(await has("acme/web:v1")).toMatchObject({ there: "unknown", why: expect.not.stringContaining("s3cret") });
    expect(double.requests.map(({ authorization }) => authorization)).toEqual([""]);
  });

  test.each([
    "acme/web:v1/../../x",
    "acme/web?x",
    "acme/Web",
    "acme/web:",
    "acme//web",
    "acme/web@sha256:x",
    `a${"/a".repeat(300)}`,
  ])("%s is no image", async (image) => {
    expect(await has(image)).toEqual({ there: "unknown", why: "it is not the name of an image" });
    expect(double.requests).toEqual([]);
  });
});
