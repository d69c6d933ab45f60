import { formatKey, type Key } from "../model/key.ts";
import type { ScanRun, ScanWanted } from "../model/scan.ts";
import { DISPATCHED_KINDS, type DispatchedKind, type ScanKind } from "../model/scan-kind.ts";
import { storageKey } from "../model/storage-key.ts";
import type { Engine } from "../ports/engine.ts";
import type { RepositoryApi } from "../ports/github.ts";
import type { CommandDeps } from "./authorise.ts";

/** What `/hms scan` comes to: which scans are asked for again, or why none. */
export async function scanWish(
  deps: CommandDeps,
  installationId: number,
  api: RepositoryApi,
  asked: ScanKind | undefined,
): Promise<{ refused: string } | { kinds: DispatchedKind[]; next: (again: readonly DispatchedKind[]) => string }> {
  const inForce = await deps.configuration.read(installationId, api);
  if (!inForce.valid) return { refused: "The configuration in force cannot be used, so it is not known what to scan." };
  const { dispatched, agents } = inForce.config.scan;
  const configured = DISPATCHED_KINDS.filter((kind) => dispatched[kind] !== undefined);
  const kinds = asked === undefined ? configured : configured.filter((kind) => kind === asked);
  if (kinds.length > 0) return { kinds, next: (again) => scannedAgain(kinds, again) };
  if (asked === "agents" && agents === undefined) return { refused: "hms.yml asks for no look at agents." };
  if (asked === undefined || asked === "secrets" || asked === "agents")
    return { kinds, next: () => "What HMS-SYS looks for itself is looked for again now." };
  return { refused: `hms.yml names no scan \`${asked}\`.` };
}

/** What comes of it, by kind: one may wait for a preview, or nothing that changed concern it. */
function scannedAgain(kinds: readonly DispatchedKind[], again: readonly DispatchedKind[]): string {
  const others = kinds.filter((kind) => !again.includes(kind));
  const said: string[] = [];
  if (again.length > 0) said.push(`Scanned again: ${again.join(", ")}. hms/scan/… tells how it goes.`);
  if (others.length > 0)
    said.push(
      `Not now: ${others.join(", ")}. Nothing that this pull request changes concerns it, or it waits, as hms/scan/… tells; then it runs by itself.`,
    );
  return said.join(" ");
}

/**
 * Asks for a pull request's scans again, at every commit at which it wants them: those of its head, and of its merge base those that have not
 * reported. Asked for twice by the same id it is once.
 * @returns the kinds of which there is one that runs for it, or is going to
 * @param which `unreported`: only those that have not reported, at the head as well
 */
export async function askScansAgain(
  { records, queue }: Pick<Engine, "records" | "queue">,
  key: Key & { kind: "pull" },
  kinds: readonly DispatchedKind[],
  by: string,
  which: "all" | "unreported" = "all",
): Promise<DispatchedKind[]> {
  const { installationId, repositoryId, number } = key;
  const wanting = await records.get<{ shas: string[] }>(storageKey.scanWanting(installationId, repositoryId, number));
  const again = new Set<DispatchedKind>();
  for (const sha of wanting?.value.shas ?? []) {
    const at = [installationId, repositoryId, sha] as const;
    const wanted = (await records.get<ScanWanted>(storageKey.scanWanted(...at, number)))?.value;
    for (const { kind } of wanted?.scans ?? []) {
      if (!kinds.includes(kind)) continue;
      again.add(kind);
      const run = (await records.get<ScanRun>(storageKey.scanRun(...at, kind)))?.value;
      const kept = run?.state.is === "reported" && (which === "unreported" || wanted?.as === "base");
      if (!kept && run?.askedBy !== by) await records.put(storageKey.scanAgain(...at, kind), { by });
    }
    await queue.enqueue(formatKey({ kind: "scan", installationId, repositoryId, sha }));
  }
  return [...again];
}
