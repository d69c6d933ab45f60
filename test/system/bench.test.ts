import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const RUN = new URL("../bench/run.ts", import.meta.url).pathname;

/** Counts, unlike times, do not depend on the machine. */
test("the bench counts at most three calls for the gate of an opened pull request, and none for a comment that is no command", async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [RUN, "--only", "calls", "--json"], {
    timeout: 55_000,
  });
  const rows = stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as { what: string; figure: string; met?: boolean });
  const gates = rows.filter(({ what }) => /^opened, gate set \(.*\): gate/.test(what));
  expect(gates).toHaveLength(2);
  for (const { figure } of gates) expect(Number.parseInt(figure, 10)).toBeLessThanOrEqual(3);
  const comments = rows.filter(({ what }) => what.startsWith("comment that is no command"));
  expect(comments.map(({ figure }) => figure)).toEqual(["0", "0"]);
});
