import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { KubeObject } from "../../../src/model/kubernetes.ts";
import type { PreviewRecord, PreviewWish } from "../../../src/model/preview.ts";
import { previewYml, webManifests } from "./scene.ts";
import {
  changeRecord,
  comments,
  deployments,
  gone,
  isGreen,
  namespaceOf,
  newRepository,
  type Opened,
  onCluster,
  openPull,
  preview,
  quiet,
  type Story,
  setStory,
  until,
  within,
  words,
} from "./story.ts";

/*
 * What time and people's wishes do to a preview: it sleeps, wakes, ends, stays for longer and waits for its turn. Time passes by moving what
 * the record says of the past, while the process is not there.
 */

let story: Story;
const storage = `story-${randomBytes(4).toString("hex")}`;
const volume: KubeObject = {
  apiVersion: "v1",
  kind: "PersistentVolume",
  metadata: { name: storage },
  spec: {
    storageClassName: storage,
    capacity: { storage: "1Gi" },
    accessModes: ["ReadWriteOnce"],
    hostPath: { path: "/nowhere" },
    persistentVolumeReclaimPolicy: "Retain",
  },
};
const claim = `apiVersion: v1
kind: PersistentVolumeClaim
metadata: { name: data }
spec: { storageClassName: ${storage}, accessModes: [ReadWriteOnce], resources: { requests: { storage: 1Gi } } }
`;

beforeAll(async () => {
  story = await setStory({ yml: previewYml("  ttl: 2h\n  sleep_after: 1h\n") });
  await story.bed.api.apply([volume]);
});
afterAll(async () => {
  const path = await story.bed.api.path(volume);
  await story.bed.api.call("PATCH", path, { metadata: { finalizers: null } }, "application/merge-patch+json");
  await story.bed.api.call("DELETE", path);
  await story?.close();
});

async function say(pull: Opened, body: string): Promise<void> {
  story.stage.github.comment(pull.repository, pull.number, { author: "ada", body });
  await quiet(story);
}

/** So long ago was the last push, and whatever people asked for since. */
async function aged(pull: Opened, ms: number): Promise<void> {
  const at = `${story.stage.installationId}/${pull.repository.id}/${pull.number}`;
  const activeAtMs = Date.now() - ms;
  await changeRecord<PreviewWish>(story, `preview-wish/${at}`, ({ extended, ...wish }) =>
    extended ? { ...wish, extended: { ...extended, atMs: extended.atMs - ms, untilMs: extended.untilMs - ms } } : wish,
  );
  await changeRecord<PreviewRecord>(story, `preview/${at}`, (record) => ({ ...record, activeAtMs }));
}

const HOUR_MS = 3_600_000;
const isAsleep = ({ output }: { output: { title: string } }): boolean => output.title.startsWith("Asleep");

async function replicas(pull: Opened): Promise<number> {
  return ((await within(story, pull, "apps/v1 deployments/web")).spec as { replicas: number }).replicas;
}

/** The check says so as soon as it is on its way. */
function rests(pull: Opened): Promise<void> {
  return until(
    async () => {
      const { items } = await within<{ items: unknown[] }>(story, pull, "v1 pods");
      return items.length === 0 && (await replicas(pull)) === 0;
    },
    () => "something still runs",
  );
}

describe("sleep", () => {
  let pull: Opened;
  let claimed: KubeObject;

  test("comes an hour after the last push: nothing runs, and its data stays", async () => {
    pull = await openPull(story, {
      "deploy/web/claim.yaml": claim,
      ...webManifests({ replicas: 2 }),
    });
    await preview(story, pull, isGreen);
    claimed = await within(story, pull, "v1 persistentvolumeclaims/data");
    expect(await replicas(pull)).toBe(2);
    // It is awake when the process comes back, and falls asleep while it looks on.
    await aged(pull, HOUR_MS - 10_000);
    await preview(story, pull, isAsleep);
    await rests(pull);
    expect((await within(story, pull, "v1 persistentvolumeclaims/data")).metadata.uid).toBe(claimed.metadata.uid);
    await until(
      async () => (await deployments(story, pull))[0]?.statuses.at(-1)?.state === "inactive",
      () => "GitHub shows an environment that sleeps as active",
    );
  });

  test("nothing wakes it by itself, not even a restart", async () => {
    await story.stage.restart("SIGKILL");
    await quiet(story);
    expect(await replicas(pull)).toBe(0);
  });

  test("wake: everything runs as before, on the same data", async () => {
    await say(pull, "/hms preview wake");
    await preview(story, pull, isGreen);
    expect(await replicas(pull)).toBe(2);
    expect((await within(story, pull, "v1 persistentvolumeclaims/data")).metadata.uid).toBe(claimed.metadata.uid);
  });

  test("asked for, and again", async () => {
    await say(pull, "/hms preview sleep");
    await preview(story, pull, isAsleep);
    await rests(pull);
    await say(pull, "/hms preview wake");
    await preview(story, pull, isGreen);
    await story.stage.github.closePull(pull.repository, pull.number);
    await gone(story, pull);
  });
});

describe("an end", () => {
  test("by time: it is gone, and says how to have it back", async () => {
    const pull = await openPull(story);
    await preview(story, pull, isGreen);
    await aged(pull, 2 * HOUR_MS - 10_000);
    await gone(story, pull);
    const said = await preview(story, pull, ({ conclusion }) => conclusion === "action_required");
    expect(words(said)).toContain("time to live is over");
    expect(words(said)).toContain("/hms preview up");
    await say(pull, "/hms preview up");
    await preview(story, pull, isGreen);
    await say(pull, "/hms preview down");
    await gone(story, pull);
    await until(
      () => comments(story, pull).some((body) => body.includes("asked for no preview")),
      () => `the comments say: ${comments(story, pull).join("\n---\n")}`,
    );
    await story.stage.github.closePull(pull.repository, pull.number);
  });

  test("later, for whoever asked for more time", async () => {
    const pull = await openPull(story);
    await preview(story, pull, isGreen);
    const { uid } = (await namespaceOf(story, pull)).metadata;
    await say(pull, "/hms preview extend 24h");
    await aged(pull, 3 * HOUR_MS);
    // It sleeps, as nobody was there, and is not removed.
    await preview(story, pull, isAsleep);
    expect((await namespaceOf(story, pull)).metadata.uid).toBe(uid);
    await story.stage.github.closePull(pull.repository, pull.number);
    await gone(story, pull);
  });
});

test("no more previews than the repository may have: the others see their place in the line, and follow", async () => {
  const repository = await newRepository(story, previewYml("  max_active: 1\n"));
  const first = await openPull(story, {}, { repository });
  await preview(story, first, isGreen);
  const second = await openPull(story, {}, { repository });
  await preview(story, second, ({ output }) => output.title.includes("number 1 in line"));
  const third = await openPull(story, {}, { repository });
  const waits = await preview(story, third, ({ output }) => output.title.includes("number 2 in line"));
  expect(waits.conclusion).toBeNull();
  for (const one of [second, third]) expect(await onCluster(story, one)).toEqual([]);
  await story.stage.github.closePull(repository, first.number);
  await preview(story, second, isGreen);
  await preview(story, third, ({ output }) => output.title.includes("number 1 in line"));
  expect(await onCluster(story, third)).toEqual([]);
  // One that sleeps gives its place away.
  await say(second, "/hms preview sleep");
  await preview(story, third, isGreen);
  for (const one of [second, third]) await story.stage.github.closePull(repository, one.number);
  for (const one of [second, third]) await gone(story, one);
});
