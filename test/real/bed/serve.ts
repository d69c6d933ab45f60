import { rename, rm, writeFile } from "node:fs/promises";
import { type BedOptions, startBed } from "./bed.ts";

/**
 * `node test/real/bed/serve.ts bed.json [audit.log]`: a bed until this process is ended. The file describes it;
 * `HMS_TEST_BED=bed.json` makes `npm run test:real` use it.
 */
const [file, auditLog] = process.argv.slice(2);
if (file === undefined) throw new Error("Where to write the description of the bed?");

const ended = new Promise<void>((resolve) => {
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, () => resolve());
});
const startedMs = performance.now();
const options: BedOptions = auditLog === undefined ? {} : { auditLog };
const starting = startBed(options);
const bed = await Promise.race([starting, ended]);
if (bed) {
  await writeFile(`${file}.new`, `${JSON.stringify(bed.description, null, 2)}\n`, { mode: 0o600 });
  await rename(`${file}.new`, file);
  console.log(`The bed is ready after ${((performance.now() - startedMs) / 1000).toFixed(1)} s: ${file}`);
  await ended;
  await rm(file, { force: true });
  await bed.stop();
}
// Ended while it started: whatever runs by now ends with this process.
process.exit(0);
