import { writeSync } from "node:fs";
import { openSqlite } from "../../../src/adapters/sqlite/engine.ts";
import { systemClock } from "../../../src/ports/clock.ts";
import { delivery } from "./delivery.ts";

/** Run as a child process that is to be killed: prints the number of every acceptance once it has resolved. */
const { queue } = await openSqlite({ path: String(process.argv[2]), clock: systemClock });
const first = Number(process.argv[3]);

async function acceptEvery(step: number, offset: number): Promise<void> {
  for (let n = first + offset; ; n += step) {
    await queue.accept(delivery(`d${n}`, [`pull/1/1/${n}`]));
    writeSync(1, `${n}\n`);
  }
}
await Promise.all(Array.from({ length: 8 }, (_, offset) => acceptEvery(8, offset)));
