import { connect, type Socket } from "node:net";

export interface Sent {
  perSecond: number;
  durationMs: number;
}

/** Answers that both servers give; anything else ends the bench. */
const ACCEPTED = "HTTP/1.1 202";
const END_OF_CHUNKED = "0\r\n\r\n";

/**
 * Writes prepared requests on `connections` kept-alive connections, one under way on each. Bare sockets, because node's own client costs as
 * much as the servers measured. Rejects unless every one is answered with 202.
 */
export async function sendAll(port: number, requests: readonly Buffer[], connections: number): Promise<Sent> {
  const open = await Promise.all(Array.from({ length: connections }, () => connection(port)));
  const started = performance.now();
  try {
    let next = 0;
    await Promise.all(
      open.map(async ({ exchange }) => {
        for (let request = requests[next++]; request; request = requests[next++]) {
          const answer = await exchange(request);
          if (!answer.startsWith(ACCEPTED)) throw new Error(`not accepted: ${answer.slice(0, 300)}`);
        }
      }),
    );
    const durationMs = performance.now() - started;
    return { perSecond: (requests.length / durationMs) * 1000, durationMs };
  } finally {
    for (const { close } of open) close();
  }
}

export interface Connection {
  /** Resolves with the whole answer; one at a time. */
  exchange(request: Buffer): Promise<string>;
  close(): void;
}

export function connection(port: number): Promise<Connection> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1", () => {
      socket.setNoDelay(true);
      resolve({ exchange: exchanger(socket), close: () => socket.destroy() });
    });
    socket.once("error", reject);
  });
}

function exchanger(socket: Socket): (request: Buffer) => Promise<string> {
  let text = "";
  let waiting: { resolve: (answer: string) => void; reject: (error: Error) => void } | undefined;
  socket.on("data", (chunk: Buffer) => {
    text += chunk.toString("latin1");
    if (!isWhole(text)) return;
    waiting?.resolve(text);
    text = "";
  });
  const end = (error?: Error) => waiting?.reject(error ?? new Error("the server closed the connection"));
  socket.on("error", end);
  socket.on("close", () => end());
  return (request) =>
    new Promise((resolve, reject) => {
      waiting = { resolve, reject };
      socket.write(request);
    });
}

function isWhole(text: string): boolean {
  const head = text.indexOf("\r\n\r\n");
  if (head < 0) return false;
  const length = /\r\ncontent-length: (\d+)/i.exec(text.slice(0, head))?.[1];
  return length === undefined ? text.endsWith(END_OF_CHUNKED) : text.length >= head + 4 + Number(length);
}
