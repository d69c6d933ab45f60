import { createHash } from "node:crypto";
import type { PreviewOwner } from "../model/preview.ts";

/** Leaves room for what is added to it in the 63 letters of a DNS label. */
const SLUG_LETTERS = 45;
const REPOSITORY_LETTERS = 20;
/** Helm's limit for the name of a release, which an Application's name is by default. */
const APPLICATION_LETTERS = 53;

const digest = (text: string, letters: number): string =>
  createHash("sha256").update(text).digest("hex").slice(0, letters);

/**
 * The name of a preview's namespace, AppProject and ApplicationSet: a DNS label of 45 letters at most. People recognise the repository and the pull
 * request in it; the digest keeps those apart that would read the same, also of two Apps on one cluster.
 */
export function slugOf({ appId, installationId, repositoryId, number }: PreviewOwner, repositoryName: string): string {
  const end = `${number}-${digest(`${appId}/${installationId}/${repositoryId}/${number}`, 8)}`;
  const repository = repositoryName
    .slice(0, 300)
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-/, "")
    .slice(0, Math.min(REPOSITORY_LETTERS, SLUG_LETTERS - "pr--".length - end.length))
    .replace(/-$/, "");
  return repository === "" ? `pr-${end}` : `pr-${repository}-${end}`;
}

/**
 * The Application of a component on the preview's n-th cluster, from 0. A component that is itself called `web-2` never shares its name with the second
 * cluster's `web`.
 */
export function applicationName(slug: string, component: string, index: number): string {
  const name = index === 0 ? `${slug}-${component}` : `${slug}-${component}-${index + 1}`;
  if (name.length <= APPLICATION_LETTERS && !/-\d+$/.test(component)) return name;
  const end = `-${digest(`${component}/${index}`, 8)}`;
  return `${name.slice(0, APPLICATION_LETTERS - end.length).replace(/-+$/, "")}${end}`;
}

/** Puts values in the place of `{{name}}`; marks of other names stay as they are. Values are not looked at again. */
export function fill(text: string, values: Readonly<Record<string, string | undefined>>): string {
  return text.replace(
    /\{\{ ?([a-z_]{1,20}) ?\}\}/g,
    (mark, name: string) => (Object.hasOwn(values, name) ? values[name] : undefined) ?? mark,
  );
}
