import fc from "fast-check";
import { expect, test } from "vitest";
import { localPath } from "../../../src/portal/session/local-path.ts";

test.each([
  ["/", "/"],
  ["/pulls/acme/shop/7?tab=facts", "/pulls/acme/shop/7?tab=facts"],
  ["/a/../b#part", "/b"],
  ["/%2F%2Fevil.example", "/%2F%2Fevil.example"],
  ["/x?to=//evil.example", "/x?to=//evil.example"],
])("%j leads to %j", (text, path) => {
  expect(localPath(text)).toBe(path);
});

test.each([
  "",
  "pulls",
  "//evil.example",
  "///evil.example",
  "/\\evil.example",
  "\\/evil.example",
  "/..//evil.example",
  "/./\\evil.example",
  "/\t/evil.example",
  "/\n/evil.example",
  " //evil.example",
  "https://evil.example/",
  "javascript:alert(1)",
  "data:text/html,x",
  `/${"a".repeat(2000)}`,
])("%j leads nowhere", (text) => {
  expect(localPath(text)).toBeUndefined();
});

test("whatever is let through stays on this host, as a browser reads it", () => {
  const piece = fc.constantFrom(
    "/",
    "\\",
    "..",
    ".",
    "@",
    ":",
    "evil.example",
    "\t",
    "\r\n",
    "%2f",
    "%5c",
    "?",
    "#",
    " ",
    "x",
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
      const path = localPath(`/${pieces.join("")}`);
      if (path === undefined) return;
      expect(new URL(path, "https://hms.acme.dev/sign-in/callback?x").origin).toBe("https://hms.acme.dev");
    }),
    { numRuns: 2000 },
  );
});
