import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { fill } from "../../src/preview/names.ts";
import { applicationName, slugOf } from "../../src/preview/preview.ts";

const LABEL = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
const owner = { appId: 1, installationId: 2, repositoryId: 3, number: 7 };
const id = fc.integer({ min: 1, max: 999_999_999_999_999 });
const owners = fc.record({ appId: id, installationId: id, repositoryId: id, number: id });
/** What contributors and strangers write into names. */
const hostile = fc.oneof(
  fc.string({ unit: "binary", maxLength: 320 }),
  fc.constantFrom(
    "../../etc/passwd",
    "{{ .Values.x }}",
    "$(reboot)",
    "`id`; rm -rf /",
    "💥💥💥",
    "a".repeat(300),
    "-",
    "--a--",
    "UPPER_case.Name",
    "",
    "\u0000\n\r",
    "ﬀİ",
    '"}}{{"',
  ),
);

test.each([
  ["shop", /^pr-shop-7-[0-9a-f]{8}$/],
  ["Shop.Web_UI", /^pr-shop-web-ui-7-[0-9a-f]{8}$/],
  ["../../etc/passwd", /^pr-etc-passwd-7-[0-9a-f]{8}$/],
  ["{{ .x }}$(id)", /^pr-x-id-7-[0-9a-f]{8}$/],
  ["💥", /^pr-7-[0-9a-f]{8}$/],
  ["a".repeat(300), /^pr-a{20}-7-[0-9a-f]{8}$/],
  [`${"a".repeat(19)}-b`, /^pr-a{19}-7-[0-9a-f]{8}$/],
])("the slug of a repository called %j", (name, expected) => {
  expect(slugOf(owner, name)).toMatch(expected);
});

test("a slug is a DNS label of 45 letters at most, whatever the repository is called", () => {
  fc.assert(
    fc.property(owners, hostile, (one, name) => {
      const slug = slugOf(one, name);
      expect(slug).toMatch(/^pr-(?:[a-z0-9]+-)*\d+-[0-9a-f]{8}$/);
      expect(slug).toMatch(LABEL);
      expect(slug.length).toBeLessThanOrEqual(45);
    }),
  );
});

test("two pull requests never share a slug, also where their repositories are called alike", () => {
  fc.assert(
    fc.property(owners, owners, hostile, (one, other, name) => {
      fc.pre(JSON.stringify(one) !== JSON.stringify(other));
      expect(slugOf(one, name)).not.toBe(slugOf(other, name));
    }),
  );
  const slugs = Array.from({ length: 5_000 }, (_, index) => slugOf({ ...owner, repositoryId: index + 1 }, "shop"));
  expect(new Set(slugs).size).toBe(5_000);
});

describe("Applications", () => {
  const slug = slugOf(owner, "shop");
  test.each([
    ["web", 0, `${slug}-web`],
    ["web", 1, `${slug}-web-2`],
  ])("%s on cluster %i", (component, index, expected) => {
    expect(applicationName(slug, component, index)).toBe(expected);
  });

  test("have names of their own that are DNS labels and fit a Helm release", () => {
    const component = fc.stringMatching(/^[a-z]([a-z0-9-]{0,18}[a-z0-9])?$/);
    const at = fc.tuple(component, fc.nat({ max: 9 }));
    fc.assert(
      fc.property(owners, hostile, at, at, (one, repository, [a, i], [b, j]) => {
        const [first, second] = [slugOf(one, repository), slugOf(one, repository)].map((name, n) =>
          n === 0 ? applicationName(name, a, i) : applicationName(name, b, j),
        );
        expect(first).toMatch(LABEL);
        expect(first?.length).toBeLessThanOrEqual(53);
        expect(first === second).toBe(a === b && i === j);
      }),
    );
    expect(applicationName(slug, "web-2", 0)).not.toBe(applicationName(slug, "web", 1));
  });
});

describe("marks", () => {
  test.each([
    ["x-{{slug}}-{{ slug }}", "x-S-S"],
    ["{{unknown}} {{slug}}", "{{unknown}} S"],
    ["{{constructor}} {{__proto__}} {{toString}}", "{{constructor}} {{__proto__}} {{toString}}"],
    ["{{evil}}", "{{slug}}$&"],
    ["{{{slug}}}", "{S}"],
  ])("%s", (text, expected) => {
    expect(fill(text, { slug: "S", evil: "{{slug}}$&" })).toBe(expected);
  });
});
