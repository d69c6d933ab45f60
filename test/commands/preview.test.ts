import { expect, test } from "vitest";
import type { CommandDeps } from "../../src/commands/authorise.ts";
import type { Command } from "../../src/commands/parse.ts";
import { previewWish } from "../../src/commands/preview.ts";
import { effectiveConfig } from "../../src/config/effective.ts";
import type { CommentIntent } from "../../src/model/intent.ts";
import type { PreviewWish } from "../../src/model/preview.ts";
import { storageKey } from "../../src/model/storage-key.ts";
import type { RepositoryApi } from "../../src/ports/github.ts";
import { recordsInMemory } from "../pull-request/records-in-memory.ts";
import { SNAPSHOT } from "../pull-request/snapshot.ts";

const KEY = { kind: "pull", installationId: 1, repositoryId: 2, number: 3 } as const;
const WISH = storageKey.previewWish(1, 2, 3);

function scene(organisation = "version: 1\n", previewsOff = false) {
  const records = recordsInMemory();
  const yml = "version: 1\npreview: { components: [{ name: web, path: deploy }], ttl: 1h }\n";
  const config = effectiveConfig(organisation, yml, "repository");
  const deps = {
    engine: { records: { ...records, compareAndSwap: (key: string, value: unknown) => records.put(key, value) } },
    configuration: { read: async () => config },
    previewsOff,
  } as unknown as CommandDeps;
  return {
    wish: async () => (await records.get<PreviewWish>(WISH))?.value,
    say: async (command: Command & { verb: "preview" }, commentId: number, seenAtMs = commentId * 1000) => {
      const intent = { kind: "comment", commentId, seenAtMs, sender: { login: "grace" } } as CommentIntent;
      const found = await previewWish(deps, KEY, {} as RepositoryApi, SNAPSHOT.pull, intent, command);
      if ("refused" in found) return found.refused;
      await found.write();
      return found.next;
    },
  };
}

test("an older comment that is tried again undoes nothing that was asked after it", async () => {
  const { say, wish } = scene();
  await say({ verb: "preview", action: "up" }, 7);
  await say({ verb: "preview", action: "down" }, 8);
  expect(await say({ verb: "preview", action: "up" }, 7, 99_000)).toContain("that stands");
  expect((await wish())?.wanted?.what).toBe("down");
  // Of another sort, it holds beside the other.
  await say({ verb: "preview", action: "sleep" }, 6);
  expect(await wish()).toMatchObject({ wanted: { what: "down" }, sleep: { what: "sleep" } });
});

test("the same comment again writes the same", async () => {
  const { say, wish } = scene();
  await say({ verb: "preview", action: "extend", byMs: 60_000 }, 7);
  const first = await wish();
  await say({ verb: "preview", action: "extend", byMs: 60_000 }, 7);
  expect(await wish()).toEqual(first);
  expect(first?.extended?.untilMs).toBe(67_000);
});

test("no longer than the organisation enforces", async () => {
  const enforced = "version: 1\npreview: { ttl: 2h }\norganisation: { enforce: [preview.ttl] }\n";
  const { say } = scene(enforced);
  expect(await say({ verb: "preview", action: "extend", byMs: 7_200_000 }, 1)).toContain("stays until");
  expect(await say({ verb: "preview", action: "extend", byMs: 7_200_001 }, 2)).toContain("120 minutes at most");
});

test("without a cluster nothing comes of it, and the answer says so", async () => {
  expect(await scene("version: 1\n", true).say({ verb: "preview", action: "up" }, 1)).toContain("previews are off");
  expect(await scene().say({ verb: "preview", action: "up" }, 1)).not.toContain("previews are off");
});
