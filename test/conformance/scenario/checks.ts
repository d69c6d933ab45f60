import type { World } from "./world.ts";

/** Check runs and suites, protection and rulesets, and a merge that waits for a check. */
export async function checkScenario({ github, recorder, app, token, alice, bob, repo }: World): Promise<void> {
  const sha = await github.commit("acme/shop", "checked", {
    files: { "checked.txt": "1\n" },
    author: "bob",
    message: "Checked",
  });
  const pull = await github.openPull("acme/shop", { head: "checked", title: "Checked", author: "bob" });
  const annotation = {
    path: "checked.txt",
    start_line: 1,
    end_line: 1,
    annotation_level: "warning",
    message: "Look",
    title: "Here",
  };
  const body = {
    name: "hms/gate",
    head_sha: sha,
    status: "in_progress",
    external_id: "1",
    details_url: "https://hms.example.com/1",
    output: { title: "Waiting", summary: "…", annotations: [annotation] },
    actions: [{ label: "Approve", description: "Approve it", identifier: "approve" }],
  };
  const made = await recorder.call("POST /repos/{owner}/{repo}/check-runs", { params: repo, token, body, expect: 201 });
  const run = made.body as { id: number; check_suite: { id: number } };
  const params = { ...repo, check_run_id: run.id, check_suite_id: run.check_suite.id, ref: sha };
  const call = (route: string, more: { body?: unknown; expect?: number; token?: string } = {}) => {
    const [method, below] = route.split(" ");
    return recorder.call(`${method} /repos/{owner}/{repo}${below}`, { params, token, ...more });
  };
  const tooMany = { ...body, output: { ...body.output, annotations: Array.from({ length: 51 }, () => annotation) } };
  await recorder.call("POST /repos/{owner}/{repo}/check-runs", {
    params: repo,
    token,
    body: { ...body, head_sha: "1".repeat(40) },
    expect: 422,
  });
  await recorder.call("POST /repos/{owner}/{repo}/check-runs", { params: repo, token, body: tooMany, expect: 422 });
  await protection();
  await call("GET /check-runs/{check_run_id}");
  await call("GET /check-runs/{check_run_id}/annotations");
  await call("PATCH /check-runs/{check_run_id}", {
    body: { status: "completed", conclusion: "failure", output: { title: "No", summary: "Not yet" } },
  });
  await call("GET /commits/{ref}/check-runs");
  await call("GET /commits/{ref}/check-suites");
  await call("GET /check-suites/{check_suite_id}");
  await call("GET /check-suites/{check_suite_id}/check-runs");
  await call("POST /check-suites", { body: { head_sha: sha }, expect: 200 });
  await call("POST /check-runs/{check_run_id}/rerequest", { token: bob, expect: 201 });
  await call("POST /check-suites/{check_suite_id}/rerequest", { token: bob, expect: 201 });
  github.requestCheckAction("acme/shop", run.id, "approve", "bob");
  const merge = { params: { ...repo, pull_number: pull.number }, token: bob };
  await recorder.call("PUT /repos/{owner}/{repo}/pulls/{pull_number}/merge", { ...merge, expect: 405 });
  await recorder.call("POST /repos/{owner}/{repo}/check-runs", {
    params: repo,
    token,
    body: { name: "hms/gate", head_sha: sha, conclusion: "success" },
    expect: 201,
  });
  await recorder.call("PUT /repos/{owner}/{repo}/pulls/{pull_number}/merge", { ...merge, expect: 200 });
  await recorder.call("DELETE /repos/{owner}/{repo}/branches/{branch}/protection", {
    params: { ...repo, branch: "main" },
    token: alice,
    expect: 204,
  });
  await recorder.call("GET /repos/{owner}/{repo}/branches/{branch}/protection", {
    params: { ...repo, branch: "main" },
    token: alice,
    expect: 404,
  });

  async function protection(): Promise<void> {
    const main = { ...repo, branch: "main" };
    const protect = {
      required_status_checks: { strict: false, checks: [{ context: "hms/gate", app_id: app.id }] },
      enforce_admins: true,
      required_pull_request_reviews: null,
      restrictions: null,
    };
    await recorder.call("PUT /repos/{owner}/{repo}/branches/{branch}/protection", {
      params: main,
      token: alice,
      body: protect,
    });
    await recorder.call("PUT /repos/{owner}/{repo}/branches/{branch}/protection", {
      params: main,
      token: alice,
      body: {},
      expect: 422,
    });
    await recorder.call("GET /repos/{owner}/{repo}/branches/{branch}/protection", { params: main, token: alice });
    await recorder.call("GET /repos/{owner}/{repo}/branches/{branch}/protection/required_status_checks", {
      params: main,
      token: alice,
    });
    await recorder.call("PATCH /repos/{owner}/{repo}/branches/{branch}/protection/required_status_checks", {
      params: main,
      token: alice,
      body: { strict: false },
    });
    await recorder.call("GET /repos/{owner}/{repo}/branches/{branch}", { params: main, token });
    const rules = [
      {
        type: "required_status_checks",
        parameters: {
          strict_required_status_checks_policy: false,
          required_status_checks: [{ context: "hms/gate", integration_id: app.id }],
        },
      },
      { type: "deletion" },
    ];
    const ruleset = {
      name: "Gate",
      target: "branch",
      enforcement: "active",
      conditions: { ref_name: { include: ["~DEFAULT_BRANCH"], exclude: [] } },
      rules,
    };
    const made = await recorder.call("POST /repos/{owner}/{repo}/rulesets", {
      params: repo,
      token: alice,
      body: ruleset,
      expect: 201,
    });
    const of = { ...repo, ruleset_id: (made.body as { id: number }).id };
    await recorder.call("GET /repos/{owner}/{repo}/rulesets", { params: repo, token });
    await recorder.call("GET /repos/{owner}/{repo}/rulesets/{ruleset_id}", { params: of, token });
    await recorder.call("GET /repos/{owner}/{repo}/rules/branches/{branch}", { params: main, token });
    await recorder.call("PUT /repos/{owner}/{repo}/rulesets/{ruleset_id}", {
      params: of,
      token: alice,
      body: { enforcement: "disabled" },
    });
    await recorder.call("DELETE /repos/{owner}/{repo}/rulesets/{ruleset_id}", {
      params: of,
      token: alice,
      expect: 204,
    });
  }
}
