import { afterAll, beforeAll, expect, inject, test } from "vitest";
import type { Stage } from "../../stage/stage.ts";
import { type Bed, connectBed } from "../bed/connect.ts";
import { setPreviewStage } from "./scene.ts";

let bed: Bed;
let stage: Stage;

beforeAll(async () => {
  bed = connectBed(inject("bed"));
  stage = await setPreviewStage(bed.hmsKubeconfig);
});
afterAll(() => stage?.close());

test("a pull request gets a namespace, a push moves it, a close takes it away", async () => {
  const { github, repository } = stage;
  const sha = await github.commit(repository, "feature", { files: { "a.txt": "1" }, message: "one", author: "ada" });
  const opened = await stage.as("ada", "POST", "/repos/acme/shop/pulls", { head: "feature", base: "main", title: "x" });
  expect(opened.status).toBe(201);
  const run = await stage.check(sha, "hms/preview", (one) => one.conclusion === "success", 60_000);
  expect(run.output.title).toContain("healthy");
});
