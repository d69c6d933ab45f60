import type { PreviewPart, PreviewPlace, PreviewReason, PreviewRecord } from "../../model/preview.ts";
import { storageKey } from "../../model/storage-key.ts";
import type { TrackedPull } from "../../model/tracked-pull.ts";
import type { LedgerEntry } from "../../ports/ledger.ts";
import type { PlaceSight } from "../../preview/preview.ts";
import type { Viewer } from "../viewer.ts";
import type { ViewDeps } from "./deps.ts";
import { type PreviewRow, previewRow } from "./preview-rows.ts";
import { seenRepository, streamOf } from "./repositories.ts";

/** Everything that is known of one preview: by its record, by the ledger, and by what its clusters show now. */
export interface PreviewView {
  row: PreviewRow;
  /** Name of the namespace, the AppProject and the ApplicationSet. */
  slug: string;
  reasons: PreviewReason[];
  parts: PreviewPart[];
  /** Empty where nothing was made, or nothing is left. */
  places: (PreviewPlace & { now: PlaceSight })[];
  /** What it was placed by: the newest `deployment_thought`. */
  thought?: LedgerEntry;
  /** What happened, oldest first, at most the last {@link HISTORY_MAX}. */
  history: LedgerEntry[];
}

/** A pull request, and its preview where it has one. */
export interface PullPreview {
  pull: { installationId: number; repositoryId: number; owner: string; repository: string; number: number } & Pick<
    TrackedPull,
    "headSha" | "title"
  >;
  preview?: PreviewView;
}

const HISTORY_MAX = 100;

/** Undefined for a pull request that is not there and for one in a repository that the viewer does not see. */
export async function pullPreview(
  deps: ViewDeps,
  viewer: Viewer,
  owner: string,
  repository: string,
  number: number,
): Promise<PullPreview | undefined> {
  const seen = await seenRepository(deps, viewer, owner, repository);
  if (!seen) return undefined;
  const { installationId, ref } = seen;
  const { records, ledger } = deps.engine;
  const tracked = (await records.get<TrackedPull>(storageKey.pull(installationId, ref.id, number)))?.value;
  const record = (await records.get<PreviewRecord>(storageKey.preview(installationId, ref.id, number)))?.value;
  if (!tracked) return undefined;
  const pull = {
    installationId,
    repositoryId: ref.id,
    owner: ref.owner,
    repository: ref.name,
    number,
    headSha: tracked.headSha,
    ...(tracked.title === undefined ? {} : { title: tracked.title }),
  };
  if (!record) return { pull };
  const stream = streamOf(seen);
  const subject = `preview/${installationId}/${ref.id}/${number}`;
  const [own, asked, [thought], places] = await Promise.all([
    ledger.query({ stream, subject, limit: HISTORY_MAX }),
    ledger.query({
      stream,
      subject: `pull/${installationId}/${ref.id}/${number}`,
      type: "command",
      limit: HISTORY_MAX,
    }),
    ledger.query({ stream, subject, type: "deployment_thought", limit: 1 }),
    Promise.all(record.made.map(async (place) => ({ ...place, now: await look(deps, place) }))),
  ]);
  const history = [...own, ...asked.filter(({ data }) => data.verb === "preview" || data.verb === "ok-to-test")];
  const { slug, reasons, parts } = record;
  return {
    pull,
    preview: {
      row: await previewRow(deps, seen, number, record),
      slug,
      reasons,
      parts,
      places,
      ...(thought ? { thought } : {}),
      history: history.sort((a, b) => a.sequence - b.sequence).slice(-HISTORY_MAX),
    },
  };
}

async function look({ lookAtPreview }: ViewDeps, place: PreviewPlace): Promise<PlaceSight> {
  return (await lookAtPreview?.(place)) ?? { kind: "unread", why: "This process has no clusters." };
}
