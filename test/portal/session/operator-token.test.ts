import { expect, test } from "vitest";
import { knownInstallations } from "../../../src/portal/session/known-installations.ts";
import { operatorToken } from "../../../src/portal/session/operator-token.ts";

const token = "an-operator-token-0123456789-0123456789";
const installations = async () => [
  { id: 1, owner: "Acme" },
  { id: 2, owner: "other" },
];

test("it sees and operates what the allowed owners have, and administrates nothing", async () => {
  const machine = await operatorToken({ token, allowedOwners: ["acme"], installations })(`Bearer ${token}`);
  expect([machine?.sees(1, 5), machine?.sees(2, 5), machine?.sees(3, 5)]).toEqual([true, false, false]);
  expect([
    machine?.has("operator", "acme"),
    machine?.has("auditor", "ACME"),
    machine?.has("operator", "other"),
  ]).toEqual([true, true, false]);
  expect([machine?.has("admin"), machine?.has("admin", "acme")]).toEqual([false, false]);
});

test("where no token is configured none opens anything, not even an empty one", async () => {
  const open = operatorToken({ token: undefined, allowedOwners: [], installations });
  for (const header of ["Bearer ", "Bearer undefined", `Bearer ${token}`, ""])
    expect(await open(header)).toBeUndefined();
});

test("while GitHub cannot say whose an installation is, what is known counts for fifteen minutes", async () => {
  let nowMs = 0;
  let away = false;
  const known = knownInstallations(
    {
      async installations() {
        if (away) throw new Error("away");
        return [{ id: 1, owner: "acme", suspended: false, permissions: {} }];
      },
    },
    { now: () => nowMs },
  );
  expect(await known()).toHaveLength(1);
  away = true;
  nowMs = 14 * 60_000;
  expect(await known()).toHaveLength(1);
  nowMs = 16 * 60_000;
  expect(await known()).toEqual([]);
  away = false;
  nowMs = 17 * 60_000;
  expect(await known()).toHaveLength(1);
});
