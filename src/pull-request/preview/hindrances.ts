import type { PreviewConfig } from "../../config/preview.ts";
import type { PreviewReason, PreviewState } from "../../model/preview.ts";
import { imageOf } from "../../preview/preview.ts";
import type { PreviewGrounds } from "./deps.ts";
import { credentialsOf } from "./plan-preview.ts";
import { type InspectedSource, readSource } from "./read-source.ts";
import type { PreviewScene } from "./scene.ts";

/** What keeps a preview from being made or moved, for now or until people act. */
export interface Hindrance {
  state: PreviewState & ("failed" | "queued" | "blocked");
  reasons: PreviewReason[];
  position?: number;
  lookAgainMs?: number;
}

const SOURCE_RETRY_MS = 15_000;
const IMAGE_RETRY_MS = 15_000;

/** The source as it was inspected, or why it may not be deployed. What was made already stays as it is meanwhile. */
export async function inspected(
  scene: PreviewScene,
  grounds: PreviewGrounds,
  config: PreviewConfig,
): Promise<Extract<InspectedSource, { ok: true }> | { hindrance: Hindrance }> {
  const source = await readSource(scene, grounds, config);
  if ("ok" in source) return source;
  if ("refused" in source) return { hindrance: { state: "failed", reasons: source.refused } };
  const reasons: PreviewReason[] = [{ cause: "source", message: source.unknown, awaits: "machines" }];
  return { hindrance: { state: "queued", reasons, lookAgainMs: SOURCE_RETRY_MS } };
}

/** Images that the registry does not have yet. Those that were there when this commit was begun with are pulled by now. */
export async function awaitedImages(
  { api, pull, before }: PreviewScene,
  grounds: PreviewGrounds,
  config: PreviewConfig,
): Promise<Hindrance | undefined> {
  if (before?.sha === pull.headSha && ["provisioning", "healthy", "degraded"].includes(before.state)) return undefined;
  const repository = `${api.ref.owner}/${api.ref.name}`.toLowerCase();
  const credentials = pull.fork ? {} : await credentialsOf(grounds, repository);
  if ("refused" in credentials) return { state: "failed", reasons: [credentials.refused] };
  const reasons: PreviewReason[] = [];
  for (const component of config.components) {
    const image = imageOf(component, pull.headSha);
    if (image === undefined) continue;
    const answer = await grounds.registry.has(image, credentials.images);
    if (answer.there === true) continue;
    const message =
      answer.there === false
        ? `The image ${image} is not there yet.`
        : `Whether ${image} is there cannot be told: ${answer.why}.`;
    reasons.push({ cause: "image", message, component: component.name, awaits: "machines" });
  }
  return reasons.length > 0 ? { state: "queued", reasons, lookAgainMs: IMAGE_RETRY_MS } : undefined;
}
