import { createHash } from "node:crypto";
import { canonicalJson } from "../model/canonical-json.ts";
import type { PlannedObject } from "./objects.ts";

/** Enough to tell that credentials are others than before, and far too few to find out by which they are. */
const DIGITS = 4;

/** Of the Secrets of a preview, which HMS-SYS writes and cannot read: in hex; undefined where it has none. */
export function credentialMark(objects: readonly PlannedObject[]): string | undefined {
  const secrets = objects.filter(({ object }) => object.kind === "Secret");
  if (secrets.length === 0) return undefined;
  const text = canonicalJson(secrets.map(({ cluster, object: { metadata, data } }) => [cluster, metadata.name, data]));
  return createHash("sha256").update(text).digest("hex").slice(0, DIGITS);
}
