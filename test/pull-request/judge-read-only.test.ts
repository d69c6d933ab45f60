import { expect, test } from "vitest";
import type { GitHub, RepositoryApi } from "../../src/ports/github.ts";
import { readingOnly } from "../../src/pull-request/judge-read-only.ts";

const WRITES = ["createCheckRun", "updateCheckRun", "comment", "react"] as const;
const READS = ["pull", "file", "reviews", "permission", "ownCheckRuns", "range"] as const;

test("whoever may only read reaches GitHub with reads, and with no write, known or not", async () => {
  const calls: string[] = [];
  const ref = { id: 1, owner: "acme", name: "shop", defaultBranch: "main" };
  const api = new Proxy({ ref } as unknown as RepositoryApi, {
    get: (target, name) =>
      name === "ref"
        ? target.ref
        : async () => {
            calls.push(String(name));
          },
  });
  const reading = readingOnly({ repository: () => api } as unknown as GitHub).repository(7, ref);
  expect(reading.ref).toBe(ref);
  const call = (name: string): Promise<unknown> =>
    (reading as never as Record<string, () => Promise<unknown>>)[name]?.() ?? Promise.reject();
  for (const name of READS) await call(name);
  for (const name of [...WRITES, "mergePull"])
    await expect(call(name), name).rejects.toThrow("nothing is written here");
  expect(calls).toEqual(READS);
});
