import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import { createRemoteJWKSet, type JWTPayload, jwtVerify } from "jose";

export interface Report {
  path: string;
  headers: IncomingHttpHeaders;
  body: Buffer;
  /** Of its token, which was verified. */
  claims: JWTPayload;
}

/** Where HMS-SYS would be. */
export interface Receiver {
  url: string;
  /** Those that were taken. */
  reports: Report[];
  /** Of all that came with a good token. */
  tokenIds: string[];
  /** What is answered, in turn; then 202. */
  answers: { status: number; body?: string; headers?: Record<string, string> }[];
  close(): Promise<void>;
}

/** Takes reports whose token the issuer signed for this address. */
export async function startReceiver(issuer: string): Promise<Receiver> {
  const keys = createRemoteJWKSet(new URL(`${issuer}/.well-known/jwks`));
  const reports: Report[] = [];
  const answers: Receiver["answers"] = [];
  const tokenIds: string[] = [];
  let url = "";
  const server = createServer(async (request, response) => {
    const body = await buffer(request);
    const token = request.headers.authorization?.replace(/^Bearer /, "") ?? "";
    try {
      const { payload } = await jwtVerify(token, keys, { issuer, audience: url, algorithms: ["RS256"] });
      tokenIds.push(payload.jti ?? "");
      const { status, headers, body: text } = answers.shift() ?? { status: 202 };
      if (status < 300) reports.push({ path: request.url ?? "", headers: request.headers, body, claims: payload });
      response.writeHead(status, headers).end(text);
    } catch (error) {
      response.writeHead(401).end(`{"title":${JSON.stringify(String(error))}}`);
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    reports,
    tokenIds,
    answers,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}
