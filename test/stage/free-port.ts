import { readFileSync } from "node:fs";
import { createServer } from "node:net";

/** Above the ports of well-known services, and above the only one there that `fetch` refuses (10080). */
const FIRST = 10_240;
/** Test workers have a share each. There are never more of them. */
const SHARES = 16;
const SHARE = Math.floor((firstEphemeral() - FIRST) / SHARES);
const base = FIRST + (Number(process.env.VITEST_POOL_ID ?? 0) % SHARES) * SHARE;
let next = Math.floor(Math.random() * SHARE);

/**
 * A port of the loopback that nobody else is given until it is used, and after a restart again: not one of those that the
 * system gives to whoever asks for any port, and another one at each call. With thousands of servers in one test run, a
 * port that was merely free a moment ago was somebody else's now and then.
 */
export async function freePort(): Promise<number> {
  for (let tried = 0; tried < SHARE; tried++) {
    const port = base + (next++ % SHARE);
    if (await isFree(port)) return port;
  }
  throw new Error(`no port is free from ${base} to ${base + SHARE - 1}`);
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}

/** Where the system's own choice begins. https://www.kernel.org/doc/html/latest/networking/ip-sysctl.html ("ip_local_port_range") */
function firstEphemeral(): number {
  const usual = 32_768;
  try {
    const first = Number.parseInt(readFileSync("/proc/sys/net/ipv4/ip_local_port_range", "utf8"), 10);
    return first > FIRST + 1000 * SHARES ? first : usual;
  } catch {
    // No Linux: there it begins higher.
    return usual;
  }
}
