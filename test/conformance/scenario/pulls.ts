import type { World } from "./world.ts";

/** Pull requests from opening to merge, their issues, comments, labels, reviews. */
export async function pullScenario({ github, recorder, token, alice, bob, repo }: World): Promise<void> {
  await github.commit("acme/shop", "feature", {
    files: { "src/a.ts": "export const a = 2;\n", "src/new.ts": "new\n" },
    author: "bob",
    message: "Feature",
  });
  const opened = await recorder.call("POST /repos/{owner}/{repo}/pulls", {
    params: repo,
    token: bob,
    body: { title: "Feature", head: "feature", base: "main", body: "Please", draft: true },
    expect: 201,
  });
  const { number } = opened.body as { number: number };
  const params = { ...repo, pull_number: number, issue_number: number };
  await recorder.call("POST /repos/{owner}/{repo}/pulls", {
    params: repo,
    token: bob,
    body: { title: "Twice", head: "feature", base: "main" },
    expect: 422,
  });
  await recorder.call("GET /repos/{owner}/{repo}/pulls", { params: repo, token, query: { state: "all" } });
  await recorder.call("GET /repos/{owner}/{repo}/pulls/{pull_number}", { params, token });
  await recorder.settle();
  await recorder.call("GET /repos/{owner}/{repo}/pulls/{pull_number}", { params, token });
  await recorder.call("GET /repos/{owner}/{repo}/pulls/{pull_number}", {
    params: { ...params, pull_number: 999 },
    token,
    expect: 404,
  });
  await recorder.call("PUT /repos/{owner}/{repo}/pulls/{pull_number}/merge", { params, token: alice, expect: 405 });
  await github.markReady("acme/shop", number);
  await github.convertToDraft("acme/shop", number);
  await github.markReady("acme/shop", number);
  await recorder.call("GET /repos/{owner}/{repo}/pulls/{pull_number}/files", { params, token });
  await recorder.call("GET /repos/{owner}/{repo}/pulls/{pull_number}/commits", { params, token });
  await recorder.call("GET /repos/{owner}/{repo}/pulls/{pull_number}/merge", { params, token, expect: 404 });
  await recorder.call("POST /repos/{owner}/{repo}/pulls/{pull_number}/requested_reviewers", {
    params,
    token: bob,
    body: { reviewers: ["alice"] },
    expect: 201,
  });
  await recorder.call("GET /repos/{owner}/{repo}/pulls/{pull_number}/requested_reviewers", { params, token });
  await reviews();
  await conversation();
  await github.commit("acme/shop", "base-two", {
    files: { "base.txt": "two\n" },
    author: "alice",
    message: "Base two",
  });
  await recorder.call("PATCH /repos/{owner}/{repo}/pulls/{pull_number}", {
    params,
    token: bob,
    body: { base: "base-two", title: "Renamed", body: "New" },
  });
  await recorder.call("PATCH /repos/{owner}/{repo}/pulls/{pull_number}", {
    params,
    token: bob,
    body: { base: "main" },
  });
  await recorder.call("PATCH /repos/{owner}/{repo}/pulls/{pull_number}", {
    params,
    token: bob,
    body: { state: "closed" },
  });
  await recorder.call("PATCH /repos/{owner}/{repo}/pulls/{pull_number}", {
    params,
    token: bob,
    body: { state: "open" },
  });
  await github.commit("acme/shop", "main", { files: { "ahead.txt": "1\n" }, author: "alice", message: "Base moves" });
  await recorder.call("PUT /repos/{owner}/{repo}/pulls/{pull_number}/update-branch", {
    params,
    token: bob,
    body: {},
    expect: 202,
  });
  await recorder.call("PUT /repos/{owner}/{repo}/pulls/{pull_number}/merge", {
    params,
    token: alice,
    body: { sha: "0".repeat(40) },
    expect: 409,
  });
  await recorder.call("PUT /repos/{owner}/{repo}/pulls/{pull_number}/merge", {
    params,
    token: alice,
    body: { merge_method: "squash" },
  });
  await recorder.call("GET /repos/{owner}/{repo}/pulls/{pull_number}/merge", { params, token, expect: 204 });
  await recorder.call("GET /repos/{owner}/{repo}/pulls/{pull_number}", { params, token });
  await fork();

  async function reviews(): Promise<void> {
    const review = await recorder.call("POST /repos/{owner}/{repo}/pulls/{pull_number}/reviews", {
      params,
      token: alice,
      body: { event: "APPROVE", body: "Good" },
    });
    const of = { ...params, review_id: (review.body as { id: number }).id };
    await recorder.call("POST /repos/{owner}/{repo}/pulls/{pull_number}/reviews", {
      params,
      token: bob,
      body: { event: "APPROVE" },
      expect: 422,
    });
    await recorder.call("GET /repos/{owner}/{repo}/pulls/{pull_number}/reviews", { params, token });
    await recorder.call("GET /repos/{owner}/{repo}/pulls/{pull_number}/reviews/{review_id}", { params: of, token });
    await recorder.call("PUT /repos/{owner}/{repo}/pulls/{pull_number}/reviews/{review_id}", {
      params: of,
      token: alice,
      body: { body: "Better" },
    });
    await recorder.call("PUT /repos/{owner}/{repo}/pulls/{pull_number}/reviews/{review_id}/dismissals", {
      params: of,
      token: alice,
      body: { message: "No" },
    });
    const pending = await recorder.call("POST /repos/{owner}/{repo}/pulls/{pull_number}/reviews", {
      params,
      token: alice,
      body: { body: "Wait" },
    });
    const waiting = { ...params, review_id: (pending.body as { id: number }).id };
    await recorder.call("POST /repos/{owner}/{repo}/pulls/{pull_number}/reviews/{review_id}/events", {
      params: waiting,
      token: alice,
      body: { event: "COMMENT" },
    });
  }

  async function conversation(): Promise<void> {
    await recorder.call("GET /repos/{owner}/{repo}/issues/{issue_number}", { params, token });
    await recorder.call("GET /repos/{owner}/{repo}/issues", { params: repo, token });
    await recorder.call("POST /repos/{owner}/{repo}/issues", {
      params: repo,
      token: bob,
      body: { title: "An issue" },
      expect: 201,
    });
    const comment = await recorder.call("POST /repos/{owner}/{repo}/issues/{issue_number}/comments", {
      params,
      token,
      body: { body: "Hello" },
      expect: 201,
    });
    const of = { ...repo, comment_id: (comment.body as { id: number }).id };
    await recorder.call("GET /repos/{owner}/{repo}/issues/{issue_number}/comments", { params, token });
    await recorder.call("GET /repos/{owner}/{repo}/issues/comments", { params: repo, token });
    await recorder.call("GET /repos/{owner}/{repo}/issues/comments/{comment_id}", { params: of, token });
    await recorder.call("PATCH /repos/{owner}/{repo}/issues/comments/{comment_id}", {
      params: of,
      token,
      body: { body: "Hello again" },
    });
    const reaction = { content: "eyes" };
    const added = await recorder.call("POST /repos/{owner}/{repo}/issues/comments/{comment_id}/reactions", {
      params: of,
      token,
      body: reaction,
      expect: 201,
    });
    await recorder.call("POST /repos/{owner}/{repo}/issues/comments/{comment_id}/reactions", {
      params: of,
      token,
      body: reaction,
      expect: 200,
    });
    await recorder.call("GET /repos/{owner}/{repo}/issues/comments/{comment_id}/reactions", { params: of, token });
    await recorder.call("DELETE /repos/{owner}/{repo}/issues/comments/{comment_id}/reactions/{reaction_id}", {
      params: { ...of, reaction_id: (added.body as { id: number }).id },
      token,
      expect: 204,
    });
    const liked = await recorder.call("POST /repos/{owner}/{repo}/issues/{issue_number}/reactions", {
      params,
      token,
      body: { content: "+1" },
      expect: 201,
    });
    await recorder.call("POST /repos/{owner}/{repo}/issues/{issue_number}/reactions", {
      params,
      token,
      body: { content: "+1" },
      expect: 200,
    });
    await recorder.call("GET /repos/{owner}/{repo}/issues/{issue_number}/reactions", { params, token });
    const reactionId = (liked.body as { id: number }).id;
    await recorder.call("DELETE /repos/{owner}/{repo}/issues/{issue_number}/reactions/{reaction_id}", {
      params: { ...params, reaction_id: reactionId },
      token,
      expect: 204,
    });
    await recorder.call("DELETE /repos/{owner}/{repo}/issues/comments/{comment_id}", {
      params: of,
      token,
      expect: 204,
    });
    await recorder.call("POST /repos/{owner}/{repo}/labels", {
      params: repo,
      token: bob,
      body: { name: "preview", color: "00ff00", description: "Wants a preview" },
      expect: 201,
    });
    await recorder.call("GET /repos/{owner}/{repo}/labels", { params: repo, token });
    await recorder.call("POST /repos/{owner}/{repo}/issues/{issue_number}/labels", {
      params,
      token: bob,
      body: { labels: ["preview", "unheard-of"] },
    });
    await recorder.call("GET /repos/{owner}/{repo}/issues/{issue_number}/labels", { params, token });
    await recorder.call("GET /repos/{owner}/{repo}/pulls", { params: repo, token });
    await recorder.call("DELETE /repos/{owner}/{repo}/issues/{issue_number}/labels/{name}", {
      params: { ...params, name: "preview" },
      token: bob,
    });
    await recorder.call("DELETE /repos/{owner}/{repo}/issues/{issue_number}/labels/{name}", {
      params: { ...params, name: "preview" },
      token: bob,
      expect: 404,
    });
    await recorder.call("PATCH /repos/{owner}/{repo}/issues/{issue_number}", {
      params,
      token: bob,
      body: { title: "Feature, renamed" },
    });
  }

  async function fork(): Promise<void> {
    const theirs = await github.fork("acme/shop", "carol");
    const sha = await github.commit(theirs, "fix", {
      files: { "fix.txt": "fixed\n" },
      author: "carol",
      message: "Fix",
    });
    const pull = await github.openPull("acme/shop", { head: "carol:fix", title: "Fix", author: "carol" });
    await recorder.call("GET /repos/{owner}/{repo}/pulls/{pull_number}", {
      params: { ...repo, pull_number: pull.number },
      token,
    });
    await recorder.call("GET /repos/{owner}/{repo}/commits/{commit_sha}/pulls", {
      params: { ...repo, commit_sha: sha },
      token,
    });
    await recorder.call("POST /repos/{owner}/{repo}/check-runs", {
      params: repo,
      token,
      body: { name: "fork", head_sha: sha },
      expect: 201,
    });
    await recorder.call("GET /repos/{owner}/{repo}", { params: { owner: "carol", repo: "shop" }, token: alice });
    await github.deleteBranch(theirs, "fix", "carol");
  }
}
