import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { expectScanned, type ScannerStage, startScannerStage } from "./scanned.ts";

/** A page that tells everybody what they said, an address that leads anywhere, and a second page that does neither. */
function vulnerable(url: URL): { status: number; headers: Record<string, string>; body: string } {
  const html = { "content-type": "text/html" };
  const next = url.searchParams.get("next");
  if (url.pathname === "/shop/search")
    return {
      status: 200,
      headers: html,
      body: `<html><body>You asked for ${url.searchParams.get("q") ?? ""}</body></html>`,
    };
  if (url.pathname === "/shop/leave")
    return { status: 302, headers: { ...html, location: (next ?? "/shop/").replace(/[^\x21-\x7e]/g, "") }, body: "" };
  if (url.pathname !== "/shop/") return { status: 404, headers: html, body: "nothing" };
  const links = '<a href="search?q=a">search</a> <a href="leave?next=/shop/">leave</a>';
  return { status: 200, headers: html, body: `<html><body>${links}<a href="${outside}">out</a></body></html>` };
}

let outside = "";
const asked: string[] = [];
const servers: Server[] = [];
let scanner: ScannerStage;
let target: string;
let sha: string;
beforeAll(async () => {
  const elsewhere = await listening((url) => {
    asked.push(url.pathname);
    return { status: 200, headers: { "content-type": "text/html" }, body: "elsewhere" };
  });
  outside = `${elsewhere}/outside`;
  target = `${await listening(vulnerable)}/shop/`;
  scanner = await startScannerStage("wapiti", "dast");
  sha = await scanner.stage.commit({ "a.txt": "a\n" });
});
afterAll(async () => {
  await scanner.close();
  for (const server of servers) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

async function listening(answer: typeof vulnerable): Promise<string> {
  const server = createServer((request, response) => {
    const { status, headers, body } = answer(new URL(request.url ?? "/", "http://127.0.0.1"));
    response.writeHead(status, headers).end(body);
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test("flaws of a running page are found, below its address and nowhere else", async () => {
  const said = await scanner.scan({}, { target }, sha);
  expectScanned(said);
  expect(said.found).toEqual(
    expect.arrayContaining([
      expect.stringMatching(/Cross.Site Scripting shop\/search$/i),
      expect.stringMatching(/redirect shop\/leave$/i),
    ]),
  );
  expect(said.found.filter((each) => each.includes("outside"))).toEqual([]);
  expect(asked).toEqual([]);
});

describe("there is no report of", () => {
  test.each([
    ["no address", "", "named no address"],
    ["an address that nobody answers", "http://127.0.0.1:9/", "wapiti"],
    ["a file", "file:///etc/hostname", "named no address"],
    ["an option", "--output=/tmp/x", "neither an address"],
  ])("%s", async (_, address, why) => {
    const said = await scanner.scan({}, { target: address }, sha);
    expect(said.jobs.scan?.conclusion).toBe("failure");
    expect(said.results).toEqual([]);
    expect(`${said.reason} ${said.jobs.scan?.log}`).toContain(why);
  });
});
