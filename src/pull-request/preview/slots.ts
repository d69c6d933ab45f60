import { formatKey, type PreviewKey } from "../../model/key.ts";
import type { PreviewRecord } from "../../model/preview.ts";
import { storageKey } from "../../model/storage-key.ts";
import type { Engine } from "../../ports/engine.ts";

/** Pull requests of a repository that may have a preview now: record `storageKey.previewSlots`. */
interface Slots {
  numbers: number[];
}

/** How often a write is tried that others of the same repository keep getting ahead of. */
const TRIES = 20;

/**
 * Takes one of the repository's places, or says the position in its queue, from 1. Those that have waited longer go first. Whoever has a place
 * keeps it until {@link leaveSlot}, also when the limit becomes smaller.
 */
export async function takeSlot(
  { records }: Pick<Engine, "records">,
  key: PreviewKey,
  { max, queuedAtMs }: { max: number; queuedAtMs: number },
): Promise<{ granted: true } | { position: number }> {
  const { installationId, repositoryId, number } = key;
  const slotsKey = storageKey.previewSlots(installationId, repositoryId);
  for (let tried = 0; tried < TRIES; tried++) {
    const entry = await records.get<Slots>(slotsKey);
    const numbers = entry?.value.numbers ?? [];
    if (numbers.includes(number)) return { granted: true };
    const ahead = (await queued({ records }, key)).filter(
      (one) =>
        !numbers.includes(one.number) &&
        (one.queuedAtMs < queuedAtMs || (one.queuedAtMs === queuedAtMs && one.number < number)),
    ).length;
    if (numbers.length + ahead >= max) return { position: ahead + 1 };
    const written = await records.compareAndSwap(
      slotsKey,
      { numbers: [...numbers, number].sort((a, b) => a - b) },
      entry?.revision ?? 0,
    );
    if (written !== undefined) return { granted: true };
  }
  throw new Error("the repository's places for previews are being taken by others all the time");
}

/** Gives the place back and calls those who wait. */
export async function leaveSlot({ records, queue }: Pick<Engine, "records" | "queue">, key: PreviewKey): Promise<void> {
  const { installationId, repositoryId, number } = key;
  const slotsKey = storageKey.previewSlots(installationId, repositoryId);
  for (let tried = 0; tried < TRIES; tried++) {
    const entry = await records.get<Slots>(slotsKey);
    if (!entry?.value.numbers.includes(number)) return;
    const numbers = entry.value.numbers.filter((one) => one !== number);
    // Before the place is free: whoever finds it free after a crash in between comes again by the sweep.
    if ((await records.compareAndSwap(slotsKey, { numbers }, entry.revision)) === undefined) continue;
    for (const waiting of await queued({ records }, key))
      await queue.enqueue(formatKey({ kind: "preview", installationId, repositoryId, number: waiting.number }));
    return;
  }
  throw new Error("the repository's places for previews are being taken by others all the time");
}

async function queued(
  { records }: Pick<Engine, "records">,
  { installationId, repositoryId, number }: PreviewKey,
): Promise<{ number: number; queuedAtMs: number }[]> {
  const prefix = storageKey.previews(installationId, repositoryId);
  return (
    (await records.list<PreviewRecord>(prefix))
      // One that waits for its image alone takes no place until it is there.
      .filter(({ value }) => value.state === "queued" && value.position !== undefined)
      .map((entry) => ({ number: Number(entry.key.slice(prefix.length)), queuedAtMs: entry.value.queuedAtMs ?? 0 }))
      .filter((one) => one.number !== number)
      .sort((a, b) => a.queuedAtMs - b.queuedAtMs || a.number - b.number)
  );
}
