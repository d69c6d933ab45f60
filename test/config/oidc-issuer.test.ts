import { expect, test } from "vitest";
import { oidcIssuerOf } from "../../src/config/oidc-issuer.ts";
import { readSettings } from "../../src/config/settings.ts";

test.each([
  ["https://api.github.com", "https://token.actions.githubusercontent.com"],
  ["https://api.acme.ghe.com", "https://token.actions.acme.ghe.com"],
  ["https://github.acme.dev/api/v3", "https://github.acme.dev/_services/token"],
  ["https://api.github.com.evil.dev", "https://api.github.com.evil.dev/_services/token"],
  ["http://github.acme.dev/api/v3", "https://github.acme.dev/_services/token"],
  ["http://127.0.0.1:8080", "http://127.0.0.1:8080/_services/token"],
])("workflows of %s are known by %s", (api, issuer) => {
  expect(oidcIssuerOf(api)).toBe(issuer);
});

test.each([
  ["http://tokens.acme.dev", false],
  ["https://user:secret@tokens.acme.dev", false],
  ["https://tokens.acme.dev/?a=b", false],
  ["tokens.acme.dev", false],
  ["https://tokens.acme.dev/", true],
  ["http://127.0.0.1:8080/token", true],
])("HMS_OIDC_ISSUER=%s: %s", (issuer, taken) => {
  const read = readSettings({ HMS_OIDC_ISSUER: issuer });
  const told = "problems" in read ? read.problems.filter((text) => text.startsWith("HMS_OIDC_ISSUER ")) : [];
  expect(told).toHaveLength(taken ? 0 : 1);
  if ("setUp" in read) expect(read.setUp.oidcIssuer).toBe(issuer.replace(/\/$/, ""));
});
