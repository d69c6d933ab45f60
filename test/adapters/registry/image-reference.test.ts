import fc from "fast-check";
import { expect, test } from "vitest";
import { readImageReference } from "../../../src/adapters/registry/image-reference.ts";

const digest = `sha256:${"a".repeat(64)}`;
test.each([
  ["redis", "docker.io", "registry-1.docker.io", "library/redis", "latest"],
  ["redis:7", "docker.io", "registry-1.docker.io", "library/redis", "7"],
  ["acme/web:v1", "docker.io", "registry-1.docker.io", "acme/web", "v1"],
  ["docker.io/redis", "docker.io", "registry-1.docker.io", "library/redis", "latest"],
  ["index.docker.io/acme/web", "docker.io", "registry-1.docker.io", "acme/web", "latest"],
  ["ghcr.io/acme/shop/web:v1", "ghcr.io", "ghcr.io", "acme/shop/web", "v1"],
  ["GHCR.io/acme/web", "ghcr.io", "ghcr.io", "acme/web", "latest"],
  ["localhost:5000/web", "localhost:5000", "localhost:5000", "web", "latest"],
  ["localhost/web:v1", "localhost", "localhost", "web", "v1"],
  [`ghcr.io/acme/web:v1@${digest}`, "ghcr.io", "ghcr.io", "acme/web", digest],
])("%s", (text, registry, host, name, reference) => {
  expect(readImageReference(text)).toEqual({ registry, host, name, reference });
});

test.each([
  "",
  ":v1",
  "a b",
  "UPPER",
  "ghcr.io/",
  "ghcr.io/a@b@c",
  "a:b:c",
  "user@ghcr.io/a",
  "ghcr.io\\x/a",
  "https://ghcr.io/a",
  "ghcr.io/a/../b",
])("%j is none", (text) => {
  expect(readImageReference(text)).toBeUndefined();
});

test("what is one makes a URL at its own host", () => {
  const text = fc.oneof(fc.string(), fc.stringMatching(/^[a-z0-9.:/@_\-?#%\\[\]]{1,40}$/));
  fc.assert(
    fc.property(text, (given) => {
      const image = readImageReference(given);
      if (!image) return;
      const url = `https://${image.host}/v2/${image.name}/manifests/${image.reference}`;
      if (URL.canParse(url)) expect(new URL(url).pathname).toBe(`/v2/${image.name}/manifests/${image.reference}`);
    }),
  );
});
