import type { World } from "./world.ts";

/** Two pull requests through a merge queue: one merges, one is refused, and one is built anew behind it. */
export async function mergeQueueScenario({ github, recorder, token, repo }: World): Promise<void> {
  const branch = await github.createRepository("acme", "queued", { files: { "README.md": "# Queued\n" } });
  const params = { owner: repo.owner, repo: branch.name };
  const rules = [
    { type: "merge_queue", parameters: queueParameters },
    {
      type: "required_status_checks",
      parameters: { strict_required_status_checks_policy: false, required_status_checks: [{ context: "gate" }] },
    },
  ];
  await recorder.call("POST /repos/{owner}/{repo}/rulesets", {
    params,
    token,
    body: { name: "queue", enforcement: "active", conditions: { ref_name: { include: ["~ALL"], exclude: [] } }, rules },
    expect: 201,
  });
  const gate = (head_sha: string, conclusion: "success" | "failure") =>
    recorder.call("POST /repos/{owner}/{repo}/check-runs", {
      params,
      token,
      body: { name: "gate", head_sha, status: "completed", conclusion },
      expect: 201,
    });
  const numbers: number[] = [];
  for (const name of ["one", "two"]) {
    const sha = await github.commit(branch, name, { files: { [name]: "1\n" }, author: "alice", message: name });
    const { number } = await github.openPull(branch, { head: name, author: "alice" });
    numbers.push(number);
    await gate(sha, "success");
    await github.enqueue(branch, number, { by: "alice" });
  }
  await recorder.settle();
  await recorder.call("GET /repos/{owner}/{repo}/rules/branches/{branch}", {
    params: { ...params, branch: "main" },
    token,
  });
  await recorder.call("GET /repos/{owner}/{repo}/git/matching-refs/{ref}", {
    params: { ...params, ref: "heads/gh-readonly-queue/" },
    token,
  });
  await recorder.call("PUT /repos/{owner}/{repo}/pulls/{pull_number}/merge", {
    params: { ...params, pull_number: numbers[0] ?? 0 },
    token,
    body: {},
    expect: 405,
  });
  await gate(github.mergeQueue(branch)[0]?.sha ?? "", "failure");
  await recorder.settle();
  await gate(github.mergeQueue(branch)[0]?.sha ?? "", "success");
  await recorder.settle();
  if (github.mergeQueue(branch).length > 0) throw new Error(`the queue did not empty`);
}

const queueParameters = {
  check_response_timeout_minutes: 60,
  grouping_strategy: "ALLGREEN",
  max_entries_to_build: 5,
  max_entries_to_merge: 5,
  merge_method: "MERGE",
  min_entries_to_merge: 1,
  min_entries_to_merge_wait_minutes: 5,
};
