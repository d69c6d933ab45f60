import fc from "fast-check";
import { expect, test } from "vitest";
import { hostsOf, urlOf } from "../../src/preview/preview.ts";

const values = { slug: "pr-shop-7-0a1b2c3d", number: 7, component: "web", cluster: "EU" };

test.each([
  ["https://{{slug}}.preview.acme.dev", "https://pr-shop-7-0a1b2c3d.preview.acme.dev"],
  ["https://{{ component }}-{{number}}.acme.dev:8443/x?y=1", "https://web-7.acme.dev:8443/x?y=1"],
  ["http://{{slug}}.{{cluster}}.acme.dev/", "http://pr-shop-7-0a1b2c3d.eu.acme.dev/"],
])("%s", (template, url) => {
  expect(urlOf(template, values, [])).toEqual({ url, host: new URL(url).hostname });
});

test.each([
  ["https://{{slug}}.{{branch}}.acme.dev", "mark"],
  ["https://{{slug}.acme.dev", "mark"],
  ["javascript:alert(1)//{{slug}}", "no http(s) address"],
  ["file:///etc/{{slug}}", "no http(s) address"],
  ["//{{slug}}.acme.dev", "no http(s) address"],
  ["https://{{slug}}.acme.dev/\n", "no http(s) address"],
  ["https:\\\\{{slug}}.acme.dev", "no http(s) address"],
  ["https://{{slug}}:x@evil.dev", "host's name"],
  ["https://{{slug}}@evil.dev", "host's name"],
  ["https://0x7f.1/{{slug}}", "host's name"],
  ["https://[::1]/{{slug}}", "host's name"],
  ["https://{{slug}}.ACME.dev", "host's name"],
  ["https://{{slug}}_x.acme.dev", "host's name"],
  [`https://{{slug}}${"x".repeat(60)}.acme.dev`, "host's name"],
  ["https://💥{{slug}}.acme.dev", "host's name"],
])("refused: %j", (template, why) => {
  expect(urlOf(template, values, [])).toEqual({ refused: expect.stringContaining(why) });
});

test.each([
  [["*.preview.acme.dev"], "a.preview.acme.dev", true],
  [["*.preview.acme.dev"], "a.b.preview.acme.dev", false],
  [["*.preview.acme.dev"], "preview.acme.dev", false],
  [["*.preview.acme.dev"], "a.preview.acme.dev.evil.dev", false],
  [["*.preview.acme.dev"], "apreview.acme.dev", false],
  [["shop.acme.dev"], "shop.acme.dev", true],
  [["shop.acme.dev"], "x.shop.acme.dev", false],
  [[], "anything.dev", true],
])("of the allowed hosts %j, %s: %s", (allowed, host, yes) => {
  expect("url" in urlOf(`https://${host}`, values, allowed)).toBe(yes);
});

test("a URL that is not refused has the host that it was asked for, under one that is allowed", () => {
  fc.assert(
    fc.property(
      fc.string({ unit: "binary" }),
      fc.constantFrom("https://a.preview.acme.dev", "http://x@a.preview.acme.dev", "https://acme.dev/#"),
      fc.string(),
      (text, web, cluster) => {
        for (const template of [text, web, `https://${text}.preview.acme.dev/`, `${web}{{cluster}}`]) {
          const made = urlOf(template, { ...values, cluster }, ["*.preview.acme.dev"]);
          if ("refused" in made) continue;
          expect(new URL(made.url).hostname).toBe(made.host);
          expect(made.host).toMatch(/^[a-z0-9-]+\.preview\.acme\.dev$/);
        }
      },
    ),
  );
});

test("the hosts of all components and clusters, each once", () => {
  const of = { slug: "pr-x-1-00000000", number: 1, components: ["web", "api"], clusters: ["eu", "us"] };
  expect(hostsOf("https://{{component}}.{{slug}}.acme.dev", of, [])).toEqual({
    hosts: ["api.pr-x-1-00000000.acme.dev", "web.pr-x-1-00000000.acme.dev"],
  });
  expect(hostsOf("https://{{component}}.{{slug}}.acme.dev", of, ["*.acme.dev"])).toHaveProperty("refused");
});
