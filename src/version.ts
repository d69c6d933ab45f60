import { readFileSync } from "node:fs";

/** This release's, as package.json says it. */
export function version(): string {
  const text = readFileSync(new URL("../package.json", import.meta.url), "utf8");
  return (JSON.parse(text) as { version: string }).version;
}
