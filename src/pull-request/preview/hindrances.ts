import type { PreviewConfig } from "../../config/preview.ts";
import type { PreviewReason, PreviewState } from "../../model/preview.ts";
import { imageOf } from "../../preview/preview.ts";
import type { PreviewGrounds } from "./deps.ts";
import { readSource } from "./read-source.ts";
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

/** Undefined where source and images let it begin. What was made already stays as it is meanwhile. */
export async function hindranceOf(
  scene: PreviewScene,
  grounds: PreviewGrounds,
  config: PreviewConfig,
): Promise<Hindrance | undefined> {
  const source = await readSource(scene, grounds, config);
  if ("refused" in source) return { state: "failed", reasons: source.refused };
  if ("unknown" in source)
    return {
      state: "queued",
      reasons: [{ cause: "source", message: source.unknown, awaits: "machines" }],
      lookAgainMs: SOURCE_RETRY_MS,
    };
  // Those that were there when it began are pulled by now.
  const { before, pull } = scene;
  const begun = before?.sha === pull.headSha && ["provisioning", "healthy", "degraded"].includes(before.state);
  return begun ? undefined : awaitedImages(scene, grounds, config);
}

async function awaitedImages(
  { pull }: PreviewScene,
  { registry }: PreviewGrounds,
  config: PreviewConfig,
): Promise<Hindrance | undefined> {
  const reasons: PreviewReason[] = [];
  for (const component of config.components) {
    const image = imageOf(component, pull.headSha);
    if (image === undefined) continue;
    const answer = await registry.has(image);
    if (answer.there === true) continue;
    const message =
      answer.there === false
        ? `The image ${image} is not there yet.`
        : `Whether ${image} is there cannot be told: ${answer.why}.`;
    reasons.push({ cause: "image", message, component: component.name, awaits: "machines" });
  }
  return reasons.length > 0 ? { state: "queued", reasons, lookAgainMs: IMAGE_RETRY_MS } : undefined;
}
