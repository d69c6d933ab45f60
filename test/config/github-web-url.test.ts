import { expect, test } from "vitest";
import { githubWebUrl } from "../../src/config/github-web-url.ts";

test.each([
  ["https://api.github.com", "https://github.com"],
  ["https://api.github.com/", "https://github.com"],
  ["https://github.acme.dev/api/v3", "https://github.acme.dev"],
  ["https://github.acme.dev:8443/api/v3", "https://github.acme.dev:8443"],
  ["https://api.acme.ghe.com", "https://acme.ghe.com"],
  ["http://127.0.0.1:4000", "http://127.0.0.1:4000"],
  ["https://api.ghe.com.evil.dev", "https://api.ghe.com.evil.dev"],
  ["https://api.github.com.evil.dev", "https://api.github.com.evil.dev"],
])("%s → %s", (api, web) => {
  expect(githubWebUrl(api)).toBe(web);
});
