import { expect } from "vitest";
import { checkSource } from "../../../src/preview/source/check-source.ts";

export type Files = Record<string, string | { mode: string; sizeBytes?: number }>;

/** Checks `deploy/web`, reading what is asked for until there is an answer. */
export function check(files: Files, path = "deploy/web", helmRepositories: string[] = ["https://charts.acme.dev/"]) {
  const entries = new Map(
    Object.entries(files).map(([name, file]) => [
      name,
      typeof file === "string" ? { mode: "100644", sizeBytes: Buffer.byteLength(file) } : file,
    ]),
  );
  const texts = new Map<string, string | null>();
  for (let round = 0; round < 60; round++) {
    const verdict = checkSource({ component: "web", path, helmRepositories }, { entries, texts });
    if ("tool" in verdict) return verdict.tool;
    if ("refused" in verdict)
      return verdict.refused.map(({ file, object, message }) =>
        [file, object, message.slice((file ?? "").length + 2)].join(" ").replace("  ", " "),
      );
    for (const name of verdict.needs) {
      expect(texts.has(name)).toBe(false);
      texts.set(name, typeof files[name] === "string" ? files[name] : null);
    }
  }
  throw new Error("it asks for ever");
}
export const inWeb = (files: Files): Files =>
  Object.fromEntries(Object.entries(files).map(([name, file]) => [`deploy/web/${name}`, file]));
export const kustomization = (text: string, more: Files = {}) => ({
  ...inWeb({ "kustomization.yaml": text, "web.yaml": "x" }),
  ...more,
});
export const chart = (text: string, more: Files = {}) => ({
  ...inWeb({ "Chart.yaml": text, "templates/web.yaml": "x" }),
  ...more,
});
export const LINK = { mode: "120000", sizeBytes: 9 };
export const SUBMODULE = { mode: "160000" };
