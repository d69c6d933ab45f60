import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/** A TCP proxy on the loopback that a test can cut, delay and bring back. TLS passes through it as it is. */
export interface CutOff {
  /** The target's address as seen through the proxy. */
  url: string;
  /** Connections that are open now. */
  readonly open: number;
  /** Breaks all connections and refuses new ones. */
  cut(): void;
  /** Accepts connections and passes nothing on; open ones fall silent. */
  silence(): void;
  /** Passes everything on again: new connections, and those that fell silent. */
  restore(): void;
  close(): Promise<void>;
}

export async function cutOff(target: string): Promise<CutOff> {
  const { protocol, hostname, port } = new URL(target);
  const pairs = new Set<{ near: Socket; far: Socket }>();
  let state: "passing" | "cut" | "silent" = "passing";

  const server = createServer((near) => {
    if (state === "cut") return near.destroy();
    const far = connect(Number(port), hostname);
    const pair = { near, far };
    pairs.add(pair);
    const end = () => {
      near.destroy();
      far.destroy();
      pairs.delete(pair);
    };
    for (const socket of [near, far]) socket.once("close", end).once("error", end);
    if (state === "passing") join(pair);
    return undefined;
  });

  function join({ near, far }: { near: Socket; far: Socket }): void {
    near.pipe(far);
    far.pipe(near);
  }

  const breakAll = () => {
    for (const { near, far } of pairs) {
      near.resetAndDestroy();
      far.destroy();
    }
  };

  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `${protocol}//127.0.0.1:${(server.address() as AddressInfo).port}`,
    get open() {
      return pairs.size;
    },
    cut() {
      state = "cut";
      breakAll();
    },
    silence() {
      state = "silent";
      for (const { near, far } of pairs) {
        near.unpipe(far).pause();
        far.unpipe(near).pause();
      }
    },
    restore() {
      const wasSilent = state === "silent";
      state = "passing";
      if (wasSilent) for (const pair of pairs) join(pair);
    },
    async close() {
      breakAll();
      server.close();
      await once(server, "close");
    },
  };
}
