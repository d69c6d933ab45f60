import { expect, test } from "vitest";
import { readAppDefinition } from "../../../src/config/app-definition.ts";
import { appManifest, appsUrl, readChoice, registrationUrl } from "../../../src/portal/setup/manifest.ts";

test("permissions and events are those of app.yml, and never is it public", () => {
  const definition = readAppDefinition();
  const manifest = appManifest({ ...definition, public: true }, { name: "n", publicUrl: "https://hms.acme.dev" });
  expect(manifest).toMatchObject({
    public: false,
    default_permissions: definition.default_permissions,
    default_events: definition.default_events,
  });
  const addresses = JSON.stringify(manifest).match(/https:[^"]+/g) ?? [];
  expect(addresses.every((address) => address.startsWith("https://hms.acme.dev"))).toBe(true);
});

test.each([
  ["acme", "", { organisation: "acme", name: "HMS-SYS acme" }],
  [" acme ", " Gate ", { organisation: "acme", name: "Gate" }],
  ["", "", { organisation: undefined, name: "HMS-SYS" }],
  ["a".repeat(39), "", { organisation: "a".repeat(39), name: `HMS-SYS ${"a".repeat(26)}` }],
])("%j, %j", (organisation, name, choice) => {
  expect(readChoice({ organisation, name })).toEqual({ choice });
});

test.each([
  ["../evil", "", "setup-organisation"],
  ["acme?x", "", "setup-organisation"],
  ["-acme", "", "setup-organisation"],
  ["acme", "n".repeat(35), "setup-name"],
  ["acme", "a\nb", "setup-name"],
])("%j, %j is refused", (organisation, name, code) => {
  expect(readChoice({ organisation, name })).toEqual({ code });
});

test("addresses at GitHub", () => {
  expect(registrationUrl("https://github.com", "acme", "s t")).toBe(
    "https://github.com/organizations/acme/settings/apps/new?state=s%20t",
  );
  expect(appsUrl("https://github.com", undefined)).toBe("https://github.com/settings/apps");
});
