import { generateKeyPairSync } from "node:crypto";
import { expect, test } from "vitest";
import { readSettings } from "../../src/config/settings.ts";

const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
const BASE = {
  APP_ID: "12",
  PRIVATE_KEY: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
  WEBHOOK_SECRET: "s3cret",
};

test("an operator token that could be guessed or not be sent is refused, and not quoted", () => {
  const token = "0123456789abcdef".repeat(2);
  expect(readSettings({ ...BASE, HMS_OPERATOR_TOKEN: `${token}\n` })).toMatchObject({
    settings: { operatorToken: token },
  });
  for (const wrong of [token.slice(1), `${token.slice(1)} x`, "é".repeat(40)]) {
    const result = readSettings({ ...BASE, HMS_OPERATOR_TOKEN: wrong });
    expect("problems" in result && result.problems.join()).toMatch(/^HMS_OPERATOR_TOKEN must have 32 characters/);
    expect(JSON.stringify(result)).not.toContain(wrong);
  }
});

test("roles are given by teams, named with their organisation", () => {
  const result = readSettings({ ...BASE, HMS_OPERATOR_TEAMS: "Acme/SRE, acme/on-call", HMS_ADMIN_TEAMS: "acme/leads" });
  expect(result).toMatchObject({
    settings: {
      roleTeams: {
        operator: [
          { org: "acme", slug: "sre" },
          { org: "acme", slug: "on-call" },
        ],
        auditor: [],
        admin: [{ org: "acme", slug: "leads" }],
      },
    },
  });
  for (const wrong of ["sre", "acme/", "acme/sre/x", "acme/../x y"])
    expect(readSettings({ ...BASE, HMS_AUDITOR_TEAMS: wrong }), wrong).toHaveProperty("problems");
});
