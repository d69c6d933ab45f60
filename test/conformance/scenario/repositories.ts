import type { World } from "./world.ts";

/** Repositories, contents, git data, commits, branches, people. */
export async function repositoryScenario({ github, recorder, token, alice, bob, repo }: World): Promise<void> {
  const get = (
    route: string,
    params: Record<string, string | number> = {},
    query: Record<string, string | number> = {},
    expect?: number,
  ) =>
    recorder.call(`GET /repos/{owner}/{repo}${route}`, {
      params: { ...repo, ...params },
      query,
      token,
      ...(expect ? { expect } : {}),
    });
  await get("");
  await recorder.call("GET /repos/{owner}/{repo}", { params: { owner: "acme", repo: "nope" }, token, expect: 404 });
  await recorder.call("PATCH /repos/{owner}/{repo}", {
    params: repo,
    token: alice,
    body: { delete_branch_on_merge: false },
  });
  await get("/contents/{path}", { path: "README.md" });
  await get("/contents/{path}", { path: "src" });
  await get("/contents/{path}", { path: "nope" }, {}, 404);
  await get("/contents/{path}", { path: "README.md" }, { ref: "main" });
  await recorder.call("GET /repos/{owner}/{repo}/contents/{path}", {
    params: { ...repo, path: "README.md" },
    token,
    headers: { accept: "application/vnd.github.raw+json" },
  });
  const content = Buffer.from("written\n").toString("base64");
  const path = { ...repo, path: "written.md" };
  const written = await recorder.call("PUT /repos/{owner}/{repo}/contents/{path}", {
    params: path,
    token,
    body: { message: "Write", content, branch: "main" },
    expect: 201,
  });
  const sha = (written.body as { content: { sha: string } }).content.sha;
  await recorder.call("PUT /repos/{owner}/{repo}/contents/{path}", {
    params: path,
    token,
    body: { message: "Write", content },
    expect: 422,
  });
  await recorder.call("PUT /repos/{owner}/{repo}/contents/{path}", {
    params: path,
    token,
    body: { message: "Again", content: Buffer.from("two").toString("base64"), sha },
    expect: 200,
  });
  await recorder.call("PUT /repos/{owner}/{repo}/contents/{path}", {
    params: path,
    token,
    body: { message: "Conflict", content, sha },
    expect: 409,
  });
  const now = await get("/contents/{path}", { path: "written.md" });
  await recorder.call("DELETE /repos/{owner}/{repo}/contents/{path}", {
    params: path,
    token,
    body: { message: "Gone", sha: (now.body as { sha: string }).sha },
    expect: 200,
  });
  const reference = await get("/git/ref/{ref}", { ref: "heads/main" });
  const head = (reference.body as { object: { sha: string } }).object.sha;
  await get("/git/ref/{ref}", { ref: "heads/nope" }, {}, 404);
  await get("/git/matching-refs/{ref}", { ref: "heads" });
  await get("/activity");
  await get(
    "/activity",
    {},
    { ref: "main", activity_type: "push", time_period: "week", direction: "asc", per_page: 1 },
  );
  await get("/activity", {}, { time_period: "aeon" }, 422);
  await recorder.call("POST /repos/{owner}/{repo}/git/refs", {
    params: repo,
    token: bob,
    body: { ref: "refs/heads/made", sha: head },
    expect: 201,
  });
  await recorder.call("PATCH /repos/{owner}/{repo}/git/refs/{ref}", {
    params: { ...repo, ref: "heads/made" },
    token: bob,
    body: { sha: head, force: true },
    expect: 200,
  });
  await recorder.call("DELETE /repos/{owner}/{repo}/git/refs/{ref}", {
    params: { ...repo, ref: "heads/made" },
    token: bob,
    expect: 204,
  });
  const commit = await get("/git/commits/{commit_sha}", { commit_sha: head });
  const tree = (commit.body as { tree: { sha: string } }).tree.sha;
  const listing = await get("/git/trees/{tree_sha}", { tree_sha: tree }, { recursive: 1 });
  const blob =
    (listing.body as { tree: { type: string; sha: string }[] }).tree.find(({ type }) => type === "blob")?.sha ?? "";
  await get("/git/blobs/{file_sha}", { file_sha: blob });
  await get("/branches");
  await get("/branches/{branch}", { branch: "main" });
  await get("/branches/{branch}", { branch: "nope" }, {}, 404);
  await get("/commits", {}, { per_page: 2 });
  await get("/commits/{ref}", { ref: head });
  await get("/commits/{ref}", { ref: "0".repeat(40) }, {}, 422);
  for (const media of ["sha", "diff", "patch"]) {
    await recorder.call("GET /repos/{owner}/{repo}/commits/{ref}", {
      params: { ...repo, ref: "main" },
      token,
      headers: { accept: `application/vnd.github.${media}` },
    });
  }
  await github.commit("acme/shop", "compare-me", {
    files: { "src/a.ts": null, "src/b.ts": "export const a = 1;\n", "logo.bin": "\0\u0003" },
    author: "bob",
    message: "Rename",
  });
  await get("/compare/{basehead}", { basehead: "main...compare-me" });
  await get("/collaborators/{username}/permission", { username: "bob" });
  await get("/collaborators/{username}/permission", { username: "carol" });
  await get("/collaborators/{username}/permission", { username: "nobody" }, {}, 404);
  await get("/teams");
  const status = {
    params: { ...repo, sha: head },
    token,
    body: { state: "success", context: "ci", description: "ok", target_url: "https://ci.example.com/1" },
  };
  await recorder.call("POST /repos/{owner}/{repo}/statuses/{sha}", { ...status, expect: 201 });
  await get("/commits/{ref}/status", { ref: "main" });
  await get("/commits/{ref}/statuses", { ref: "main" });
  await get("/commits/{commit_sha}/pulls", { commit_sha: head });
  github.setCollaborator("acme/shop", "carol", "read");
  github.setCollaborator("acme/shop", "carol", "triage");
  github.setCollaborator("acme/shop", "carol", null);
}

/** Deployments and their statuses. */
export async function deploymentScenario({ recorder, token, repo }: World): Promise<void> {
  const body = {
    ref: "main",
    environment: "preview",
    transient_environment: true,
    auto_merge: false,
    required_contexts: [],
    payload: { pull: 1 },
  };
  const made = await recorder.call("POST /repos/{owner}/{repo}/deployments", {
    params: repo,
    token,
    body,
    expect: 201,
  });
  const params = { ...repo, deployment_id: (made.body as { id: number }).id };
  await recorder.call("GET /repos/{owner}/{repo}/deployments", { params, token, query: { environment: "preview" } });
  await recorder.call("GET /repos/{owner}/{repo}/deployments/{deployment_id}", { params, token });
  for (const state of ["in_progress", "success", "inactive"]) {
    const status = {
      state,
      environment_url: "https://pr-1.example.com",
      log_url: "https://hms.example.com/1",
      description: state,
    };
    const added = await recorder.call("POST /repos/{owner}/{repo}/deployments/{deployment_id}/statuses", {
      params,
      token,
      body: status,
      expect: 201,
    });
    await recorder.call("GET /repos/{owner}/{repo}/deployments/{deployment_id}/statuses/{status_id}", {
      params: { ...params, status_id: (added.body as { id: number }).id },
      token,
    });
  }
  await recorder.call("GET /repos/{owner}/{repo}/deployments/{deployment_id}/statuses", { params, token });
  await recorder.call("DELETE /repos/{owner}/{repo}/deployments/{deployment_id}", { params, token, expect: 204 });
}
