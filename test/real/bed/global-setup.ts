import { readFile } from "node:fs/promises";
import type { TestProject } from "vitest/node";
import { startBed } from "./bed.ts";
import { type BedDescription, connectBed } from "./connect.ts";
import { expectNothingLeft } from "./leftovers.ts";

declare module "vitest" {
  export interface ProvidedContext {
    bed: BedDescription;
  }
}

/** One bed for all test files: the one that `HMS_TEST_BED` describes, or a new one, on which nothing of any preview may be left at the end. */
export default async function setup(project: TestProject): Promise<(() => Promise<void>) | undefined> {
  const running = process.env.HMS_TEST_BED;
  if (running !== undefined && running !== "") {
    project.provide("bed", JSON.parse(await readFile(running, "utf8")));
    return undefined;
  }
  const bed = await startBed();
  project.provide("bed", bed.description);
  return async () => {
    const { api } = connectBed(bed.description);
    try {
      await expectNothingLeft(api);
    } finally {
      api.close();
      await bed.stop();
    }
  };
}
