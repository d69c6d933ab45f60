import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "../stage/free-port.ts";
import { startHms } from "../stage/process.ts";
import { residentMb, startChild } from "./child.ts";
import { sendAll } from "./client.ts";
import { manyRequests, pullRequestTemplate, WEBHOOK_SECRET } from "./deliveries.ts";
import { benchEnvironment } from "./environment.ts";
import { median, perSecond, type Row } from "./row.ts";

const ROUNDS = 7;
const PER_ROUND = 6000;
const WARM_UP = 3000;
const CONNECTIONS = 64;

/**
 * Durable acceptances of the real process against the floor server, in turns. GitHub is a server that takes every call and never answers:
 * the workers wait for it, so that the process has nothing to do but to accept.
 */
export async function acceptances(): Promise<Row[]> {
  const directory = mkdtempSync(join(tmpdir(), "hms-bench-"));
  const silent = await silentServer();
  const template = await pullRequestTemplate();
  const floor = startChild<never, { port: number }>("floor-server.ts", join(directory, "floor.db"), WEBHOOK_SECRET);
  const port = await freePort();
  const hms = await startHms(benchEnvironment({ port, dataDir: join(directory, "data"), githubUrl: silent.url }));
  try {
    const servers = [
      { name: "floor", port: (await floor.next()).port, rates: [] as number[] },
      { name: "hms", port, rates: [] as number[] },
    ] as const;
    let number = 1;
    for (const server of servers)
      await sendAll(server.port, manyRequests(template, server.port, WARM_UP, number), CONNECTIONS);
    number += WARM_UP;
    const ratios: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      // Who goes first changes, so that a machine which grows slower or faster favours nobody.
      for (const server of round % 2 === 0 ? servers : [...servers].reverse()) {
        const requests = manyRequests(template, server.port, PER_ROUND, number);
        server.rates.push((await sendAll(server.port, requests, CONNECTIONS)).perSecond);
      }
      number += PER_ROUND;
      ratios.push((servers[1].rates.at(-1) ?? 0) / (servers[0].rates.at(-1) ?? 1));
    }
    const memory = residentMb(hms.pid);
    const ratio = median(ratios);
    return [
      {
        bench: "acceptances",
        what: `durable acceptances, ${CONNECTIONS} connections, median of ${ROUNDS} rounds of ${PER_ROUND}`,
        figure: perSecond(median(servers[1].rates)),
        floor: perSecond(median(servers[0].rates)),
        ratio,
        goal: "≥ 0.9",
        met: ratio >= 0.9,
      },
      {
        bench: "acceptances",
        what: `memory (RSS) with ${number - 1} keys waiting`,
        figure: memory === undefined ? "unknown" : `${Math.round(memory)} MB`,
      },
    ];
  } finally {
    await hms.kill(process.env.HMS_BENCH_PROFILE ? "SIGTERM" : "SIGKILL");
    await floor.stop();
    silent.close();
    rmSync(directory, { recursive: true, force: true });
  }
}

async function silentServer(): Promise<{ url: string; close(): void }> {
  const server: Server = createServer(() => {});
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}
