import { afterAll, beforeAll, expect, test } from "vitest";
import { type Stage, setStage } from "../stage/stage.ts";
import {
  answers,
  conclusionsAt,
  dieAndRestart,
  idle,
  openPull,
  plantedKeys,
  pushBranch,
  runsAt,
} from "./crash-stage.ts";

let stage: Stage;
beforeAll(async () => {
  stage = await setStage();
});
afterAll(() => stage.close());

const FINDINGS = 120;

test.each([
  { what: "after the first 50 annotations", at: "github.createCheckRun after", skip: 0 },
  { what: "before the second batch", at: "github.updateCheckRun before", skip: 0 },
  { what: "after the second batch", at: "github.updateCheckRun after", skip: 0 },
  { what: "before the last batch", at: "github.updateCheckRun before", skip: 1 },
  { what: "after the last batch", at: "github.updateCheckRun after", skip: 1 },
])("killed $what: one run with every annotation once", async ({ what, at, skip }) => {
  const branch = what.replace(/\W+/g, "-");
  const sha = await pushBranch(stage, branch, { [`${branch}.txt`]: plantedKeys(FINDINGS) });
  await dieAndRestart(stage, { at, on: '"name":"hms/scan/secrets"', skip }, async () => {
    await openPull(stage, branch);
  });
  await idle(stage);
  expect(await conclusionsAt(stage, sha)).toEqual({ "hms/gate": ["failure"], "hms/scan/secrets": ["failure"] });
  const run = (await runsAt(stage, sha))["hms/scan/secrets"]?.[0];
  expect(run?.output.annotations_count).toBe(FINDINGS);
  const { body } = await stage.as(
    "ada",
    "GET",
    `/repos/acme/shop/check-runs/${run?.id}/annotations?per_page=100&page=1`,
  );
  const second = await stage.as("ada", "GET", `/repos/acme/shop/check-runs/${run?.id}/annotations?per_page=100&page=2`);
  const lines = [...(body as { start_line: number }[]), ...(second.body as { start_line: number }[])].map(
    (annotation) => annotation.start_line,
  );
  expect(new Set(lines).size).toBe(FINDINGS);
});

interface CommandPoint {
  what: string;
  at: string;
  on: string;
  lost?: true;
}

const COMMAND_POINTS: CommandPoint[] = [
  { what: "before a command is durable", at: "queue.accept before", on: '"event":"issue_comment"', lost: true },
  { what: "after a command is durable", at: "queue.accept after", on: '"event":"issue_comment"' },
  { what: "after a command's effect", at: "records.put after", on: '"hold/' },
  { what: "after a command is in the ledger", at: "ledger.append after", on: '"verb":"hold"' },
  { what: "after the reaction", at: "github.react after", on: "" },
  { what: "before the answer", at: "github.comment before", on: "" },
  { what: "after the answer, before it is noted", at: "github.comment after", on: "" },
];

test.each(COMMAND_POINTS)("killed $what: carried out once, answered once", commandSurvives);

test("killed before the request is settled: carried out once, answered once", () =>
  commandSurvives({ what: "before the request is settled", at: "queue.settleIntent before", on: "" }));

async function commandSurvives({ what, at, on, lost }: CommandPoint): Promise<void> {
  const branch = what.replace(/\W+/g, "-");
  const sha = await pushBranch(stage, branch);
  const pull = await openPull(stage, branch);
  let commentId = 0;
  await dieAndRestart(stage, { at, on }, () => {
    commentId = stage.github.comment(stage.repository, pull.number, {
      author: "grace",
      body: "/hms hold wait for the audit\n/hms why",
    }).id;
  });
  if (lost) {
    // GitHub does not deliver again by itself: the owner of the App does, by hand or by script.
    const failed = stage.github.deliveries(stage.app).findLast((delivery) => delivery.event === "issue_comment");
    expect(failed?.outcome?.statusCode).not.toBe(202);
    stage.github.redeliver(failed?.id ?? 0);
  }
  await stage.check(sha, "hms/gate", (run) => run.conclusion !== "success" && run.output.summary.includes("audit"));
  await stage.github.deliveriesSettled();
  await idle(stage);
  const why = answers(stage, pull.number);
  expect(why).toHaveLength(1);
  expect(why[0]).toContain("audit");
  const comment = stage.github.comments(stage.repository, pull.number).find((one) => one.id === commentId);
  expect(comment?.reactions).toEqual([{ content: "+1", by: stage.app.botLogin }]);
}
