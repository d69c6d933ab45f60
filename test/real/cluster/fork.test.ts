import { afterAll, beforeAll, expect, test } from "vitest";
import type { KubeObject } from "../../../src/model/kubernetes.ts";
import type { RepositoryHandle } from "../../doubles/github/github.ts";
import { previewYml } from "./scene.ts";
import {
  deployments,
  gone,
  isGreen,
  namespaceOf,
  type Opened,
  onCluster,
  preview,
  quiet,
  type Story,
  setStory,
  within,
  words,
} from "./story.ts";

/*
 * A pull request from a fork: a stranger's code runs only when somebody who may write let exactly that commit run, in a namespace that is held
 * tighter than others and has no credentials.
 */

let story: Story;
let fork: RepositoryHandle;
let pull: Opened;
/** The commit that somebody let run first. */
let allowed: string;

beforeAll(async () => {
  story = await setStory({ yml: previewYml("  pod_security: baseline\n") });
  const { github, repository } = story.stage;
  fork = await github.fork(repository, "mallory");
  const sha = await commit("offer");
  const { number } = await github.openPull(repository, { head: "mallory:offer", base: "main", author: "mallory" });
  pull = { number, sha, branch: "offer", repository };
});
afterAll(() => story?.close());

function commit(branch: string, from?: string): Promise<string> {
  const files = { "offer.txt": `${Math.random()}\n` };
  return story.stage.github.commit(fork, branch, {
    files,
    author: "mallory",
    message: "Offer",
    ...(from === undefined ? {} : { from }),
  });
}

/** Somebody comments, and everything that follows from it has happened. */
async function say(author: string, body: string): Promise<void> {
  story.stage.github.comment(pull.repository, pull.number, { author, body });
  await quiet(story);
}

test("it says what it waits for, with the line to paste, and nothing is made", async () => {
  const waits = await preview(story, pull, ({ conclusion }) => conclusion === "action_required");
  expect(words(waits)).toContain(`/hms ok-to-test ${pull.sha}`);
  expect(await onCluster(story, pull)).toEqual([]);
  expect(await deployments(story, pull)).toEqual([]);
});

test.each([
  ["its author", "mallory", () => `/hms ok-to-test ${pull.sha}`],
  ["somebody with write access, of another commit", "grace", () => `/hms ok-to-test ${"a".repeat(40)}`],
  ["somebody with write access, of a short SHA", "grace", () => `/hms ok-to-test ${pull.sha.slice(0, 12)}`],
  ["its author, who asks for a preview", "mallory", () => "/hms preview up"],
  ["somebody with write access, who asks for a preview only", "grace", () => "/hms preview up"],
])("nothing starts by %s", async (_who, author, body) => {
  await say(author, body());
  expect(await onCluster(story, pull)).toEqual([]);
  expect(await deployments(story, pull)).toEqual([]);
  await preview(story, pull, ({ conclusion }) => conclusion === "action_required");
});

test("let run by somebody with write access: this very commit, held by the strictest level, without credentials", async () => {
  await say("grace", `/hms ok-to-test ${pull.sha}`);
  await preview(story, pull, isGreen);
  const { metadata } = await namespaceOf(story, pull);
  expect(metadata.labels).toMatchObject({ "pod-security.kubernetes.io/enforce": "restricted" });
  const { items } = await within<{ items: KubeObject[] }>(story, pull, "v1 secrets");
  expect(items.map((one) => one.metadata.name)).toEqual([]);
  expect((await onCluster(story, pull)).filter((one) => one.startsWith("Secret"))).toEqual([]);
  const path = `/apis/argoproj.io/v1alpha1/namespaces/${story.bed.argocdNamespace}/applications/${metadata.name}-web`;
  const application = await story.bed.api.call<KubeObject>("GET", path);
  expect(application.spec).toMatchObject({
    source: { targetRevision: pull.sha, repoURL: expect.stringContaining(`/${pull.repository.fullName}.git`) },
  });
});

test("the next push ends it, and the new commit waits again", async () => {
  allowed = pull.sha;
  pull.sha = await commit("offer");
  await gone(story, pull);
  const waits = await preview(story, pull, ({ conclusion }) => conclusion === "action_required");
  expect(words(waits)).toContain(`/hms ok-to-test ${pull.sha}`);
  const [deployment] = await deployments(story, pull);
  expect([deployment?.sha, deployment?.statuses.at(-1)?.state]).toEqual([allowed, "inactive"]);
  await say("grace", `/hms ok-to-test ${allowed}`);
  expect(await onCluster(story, pull)).toEqual([]);
});

test("the commit that was let run comes back by force, and waits again", async () => {
  await story.stage.github.push(fork, "offer", allowed, { by: "mallory", force: true });
  await quiet(story);
  await preview(story, { ...pull, sha: allowed }, ({ conclusion }) => conclusion === "action_required");
  expect(await onCluster(story, pull)).toEqual([]);
  pull.sha = await commit("offer");
  await preview(story, pull, ({ conclusion }) => conclusion === "action_required");
});

test("let run once more, it comes back, and goes when it is closed", async () => {
  await say("grace", `/hms ok-to-test ${pull.sha}`);
  await preview(story, pull, isGreen);
  await story.stage.github.closePull(pull.repository, pull.number);
  await gone(story, pull);
});
