import { createHmac } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Stage, setStage } from "../stage/stage.ts";
import { newRepository, openPull } from "./scene.ts";

const SECRET = "a secret of enough characters";
const CONFIG = { ".github/hms.yml": "version: 1\ngate: { approvals: { count: 1 } }\n" };
let folder: string;
let receiver: Server;
let stage: Stage;
/** What the receiver answers with. */
let status = 200;
const received: { path: string; headers: IncomingHttpHeaders; body: string }[] = [];
const at = (path: string) => received.filter((one) => one.path === path);

beforeAll(async () => {
  receiver = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    received.push({ path: request.url ?? "", headers: request.headers, body: Buffer.concat(chunks).toString() });
    response.writeHead(request.url === "/chat" ? status : 200).end();
  });
  await new Promise<void>((resolve) => receiver.listen(0, "127.0.0.1", resolve));
  const { port } = receiver.address() as AddressInfo;
  folder = mkdtempSync(join(tmpdir(), "hms-notify-"));
  const file = join(folder, "notifications.yml");
  writeFileSync(
    file,
    `version: 1
settle_seconds: 0
targets:
  - { name: chat, kind: slack, url_env: CHAT_URL }
  - { name: pager, kind: webhook, url_env: PAGER_URL, secret_env: PAGER_SECRET }
  - { name: team, kind: webhook, url_env: TEAM_URL, secret_env: PAGER_SECRET }
routes:
  - { waiting_for: ["*"], to: [chat, pager] }
  - { waiting_for: [acme/sre], to: [team] }
`,
  );
  stage = await setStage({
    environment: {
      HMS_NOTIFICATIONS: file,
      HMS_EGRESS_ALLOW: `127.0.0.1:${port}`,
      CHAT_URL: `http://127.0.0.1:${port}/chat`,
      PAGER_URL: `http://127.0.0.1:${port}/pager`,
      TEAM_URL: `http://127.0.0.1:${port}/team`,
      PAGER_SECRET: SECRET,
    },
  });
});
afterAll(async () => {
  await stage?.close();
  receiver?.closeAllConnections();
  receiver?.close();
  rmSync(folder, { recursive: true, force: true });
});

test("who is awaited is told once at every target; a target that is away gets it later, the others not again", async () => {
  status = 503;
  const repository = await newRepository(stage, CONFIG);
  const pull = await openPull(stage, repository);
  await expect.poll(() => [at("/chat").length > 1, at("/pager").length], { timeout: 20_000 }).toEqual([true, 1]);
  status = 200;
  const refused = at("/chat").length;
  await expect.poll(() => at("/chat").length, { timeout: 20_000 }).toBe(refused + 1);
  const { headers, body } = at("/pager")[0] as (typeof received)[number];
  const signed = `${headers["webhook-id"]}.${headers["webhook-timestamp"]}.${body}`;
  expect(headers["webhook-signature"]).toBe(`v1,${createHmac("sha256", SECRET).update(signed).digest("base64")}`);
  expect(JSON.parse(body)).toMatchObject({ type: "gate.waiting", data: { number: pull.number, author: "ada" } });

  // Another look at the same pull request, and a restart, tell nobody again.
  await stage.restart("SIGKILL");
  const other = await openPull(stage, repository);
  await expect.poll(() => at("/pager").length, { timeout: 20_000 }).toBe(2);
  expect(at("/pager").map((one) => JSON.parse(one.body).data.number)).toEqual([pull.number, other.number]);
});

test("a team whose code it is is told by its name, also where somebody else would do", async () => {
  const repository = await newRepository(stage, {
    ".github/hms.yml": "version: 1\ngate: { approvals: { code_owners: true } }\n",
    CODEOWNERS: "* @acme/sre @linus\n/alone/ @linus\n",
  });
  await openPull(stage, repository, { files: { "alone/a.txt": "a\n" } });
  const pull = await openPull(stage, repository, { files: { "a.txt": "a\n" } });
  await expect.poll(() => at("/team").length, { timeout: 20_000 }).toBe(1);
  expect(JSON.parse(at("/team")[0]?.body ?? "")).toMatchObject({
    data: {
      number: pull.number,
      whom: ["acme/sre"],
      reasons: [expect.stringContaining("a.txt needs 1 approval by acme/sre or linus")],
    },
  });
});

test("nothing of a target's address or secret is in the log", () => {
  expect(stage.hms.output()).not.toContain(SECRET);
  expect(stage.hms.output()).not.toContain("/pager");
});
