import { randomUUID } from "node:crypto";
import { connect } from "node:net";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { type Stage, setStage } from "../stage/stage.ts";
import { deliver, delivered, idle, lastPayload, metrics, newRepository, openPull, sign, stillWorks } from "./scene.ts";

vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 });

const PATH = "/api/github/webhooks";
let stage: Stage;
beforeAll(async () => {
  stage = await setStage();
});
afterAll(() => stage.close());

/** Bytes as they are, and everything that comes back until the other side closes or `enough` was seen. */
function raw(write: (socket: ReturnType<typeof connect>) => void, enough: RegExp): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(stage.environment.PORT), "127.0.0.1", () => write(socket));
    let text = "";
    socket.on("data", (chunk) => {
      text += chunk;
      if (enough.test(text)) socket.destroy();
    });
    socket.on("error", (error) => (text === "" ? reject(error) : undefined));
    socket.on("close", () => resolve(text));
  });
}

const head = (lines: string[]) => `POST ${PATH} HTTP/1.1\r\nHost: hms\r\n${lines.join("\r\n")}\r\n\r\n`;

describe("who may deliver", () => {
  test.each([
    ["no signature", undefined],
    ["an empty one", ""],
    ["another secret", () => sign("another-secret", "{}")],
    ["another body", (secret: string) => sign(secret, "{ }")],
    ["a cut one", (secret: string) => sign(secret, "{}").slice(0, -1)],
    ["one in upper case", (secret: string) => sign(secret, "{}").toUpperCase()],
    ["another algorithm", () => "sha1=da39a3ee5e6b4b0d3255bfef95601890afd80709"],
    ["no hexadecimal", () => `sha256=${"z".repeat(64)}`],
    ["two", (secret: string) => `${sign(secret, "{}")}, ${sign(secret, "{}")}`],
  ] as const)("%s: 401", async (_name, signature) => {
    const value = typeof signature === "function" ? signature(stage.app.webhookSecret) : signature;
    const response = await fetch(`${stage.hms.url}${PATH}`, {
      method: "POST",
      headers: {
        "x-github-delivery": randomUUID(),
        "x-github-event": "ping",
        ...(value === undefined ? {} : { "x-hub-signature-256": value }),
      },
      body: "{}",
    });
    expect(response.status).toBe(401);
  });

  test("a forged delivery changes nothing", async () => {
    const pull = await openPull(stage, stage.repository);
    await idle(stage);
    const before = delivered(await metrics(stage), "other", "unsigned");
    const runs = stage.github.requests.counts().all;
    const payload = lastPayload(stage, "pull_request");
    const answer = await deliver(stage, "pull_request", payload, { "x-hub-signature-256": sign("guess", "{}") });
    expect(answer).toEqual({ status: 401, result: "unsigned" });
    await idle(stage);
    expect(stage.github.requests.counts().all).toBe(runs);
    expect(delivered(await metrics(stage), "other", "unsigned")).toBe(before + 1);
    expect(pull.number).toBeGreaterThan(0);
  });
});

/** Headers that are in order as far as they can be judged before the body is there. */
const SHAPED = [`X-Hub-Signature-256: sha256=${"0".repeat(64)}`, "X-GitHub-Delivery: d", "X-GitHub-Event: ping"];

describe("what is too large or too slow", () => {
  test("413 by the length that is announced, without a byte of it read", async () => {
    const answer = await raw(
      (socket) => socket.write(head([`Content-Length: ${26 * 1024 * 1024}`])),
      /\r\n\r\n[\s\S]*\}/,
    );
    expect(answer).toMatch(/^HTTP\/1\.1 413 /);
    expect(answer).toMatch(/connection: close/i);
  });

  test("413 by what comes when no length is announced, and the rest is not read", async () => {
    let sent = 0;
    const answer = await raw((socket) => {
      socket.write(head(["Transfer-Encoding: chunked", ...SHAPED]));
      const chunk = Buffer.concat([Buffer.from("100000\r\n"), Buffer.alloc(0x100000, 0x20), Buffer.from("\r\n")]);
      const more = (): void => {
        while (!socket.destroyed && sent < 200) {
          sent++;
          if (!socket.write(chunk)) {
            socket.once("drain", more);
            return;
          }
        }
      };
      more();
    }, /\r\n\r\n[\s\S]*\}/);
    expect(answer).toMatch(/^HTTP\/1\.1 413 /);
    expect(sent).toBeLessThan(100);
  });

  test("25 MB exactly are read", async () => {
    const body = Buffer.alloc(25 * 1024 * 1024, 0x20);
    body.write("{", 0);
    body.write("}", body.length - 1);
    expect(await deliver(stage, "ping", body)).toEqual({ status: 202, result: "ignored" });
  });

  test("a body that trickles is given up after ten seconds; others are served meanwhile", async () => {
    const slow = raw((socket) => socket.write(`${head(["Content-Length: 100", ...SHAPED])}{"a":`), /\r\n\r\n[\s\S]*\}/);
    await stillWorks(stage, stage.repository);
    expect(await slow).toMatch(/^HTTP\/1\.1 408 /);
  });

  test("a sender that hangs up in the middle harms nobody", async () => {
    const socket = connect(Number(stage.environment.PORT), "127.0.0.1");
    await new Promise((resolve) =>
      socket.write(`${head(["Content-Length: 100", ...SHAPED])}{"a":`, () => {
        socket.destroy();
        resolve(undefined);
      }),
    );
    await stillWorks(stage, stage.repository);
  });
});

describe("signed nonsense: 202, counted, and the process goes on", () => {
  const nested = `${"[".repeat(100_000)}${"]".repeat(100_000)}`;
  test.each([
    ["null", "null"],
    ["1", "1"],
    ["[]", "[]"],
    ['"x"', '"x"'],
    ["true", "true"],
    ["nothing", ""],
    ["truncated", '{"action":"opened","pull_request":{'],
    ["deep lists", nested],
    ["deep lists, never closed", "[".repeat(1_000_000)],
    ["not UTF-8", Buffer.from([0x7b, 0xff, 0xfe, 0x7d])],
    ["1 MB of junk", Buffer.alloc(1024 * 1024, 0xa7)],
    ["a byte order mark", "\ufeff{}"],
  ])("%s", async (_name, body) => {
    const before = delivered(await metrics(stage), "other", "malformed");
    expect(await deliver(stage, "pull_request", body)).toEqual({ status: 202, result: "malformed" });
    expect(delivered(await metrics(stage), "other", "malformed")).toBe(before + 1);
  });

  const ours = { id: 1, name: "shop", owner: { login: "acme" }, default_branch: "main" };
  const installation = { id: 1 };
  test.each([
    ["no fields", "{}"],
    ["deep inside an object", `{"pull_request":${nested}}`],
    ["__proto__", '{"__proto__":{"installation":{"id":1}},"constructor":{"prototype":{"polluted":true}}}'],
    [
      "__proto__ inside",
      '{"installation":{"id":1},"repository":{"__proto__":{"id":1}},"pull_request":{"__proto__":{}}}',
    ],
    ["installation is null", { installation: null, repository: ours }],
    ["installation is a text", { installation: "1", repository: ours }],
    ["installation is negative", { installation: { id: -1 }, repository: ours }],
    ["installation is huge", '{"installation":{"id":1e400}}'],
    ["repository is a list", { installation, repository: [] }],
    ["repository's id is a path", { installation, repository: { ...ours, id: "../1" } }],
    ["number is a fraction", { installation, repository: ours, pull_request: { number: 1.5, head: { sha: "a" } } }],
    ["number is negative", { installation, repository: ours, pull_request: { number: -1 } }],
    ["sha is no sha", { installation, repository: ours, pull_request: { number: 1, head: { sha: "../../main" } } }],
    ["action is an object", { action: { toString: 1 }, installation, repository: ours }],
    ["action is a list", { action: ["opened"], installation, repository: ours }],
    ["action is __proto__", { action: "__proto__", installation, repository: ours }],
    ["issue is null", { action: "created", installation, repository: ours, issue: null, comment: null }],
    [
      "comment without a body",
      {
        action: "created",
        installation,
        repository: ours,
        issue: { number: 1, pull_request: {} },
        comment: { id: 1, created_at: "never", user: null },
      },
    ],
    ["commits are no list", { installation, repository: ours, ref: "refs/heads/main", after: "x", commits: {} }],
    ["head_sha is missing", { action: "rerequested", installation, repository: ours, check_run: { id: 1 } }],
  ])("known events: %s", async (_name, body) => {
    for (const event of ["pull_request", "pull_request_review", "issue_comment", "check_run", "check_suite", "push"]) {
      expect(await deliver(stage, event, body), event).toMatchObject({ status: 202 });
    }
    expect(await deliver(stage, "installation_repositories", "{}")).toMatchObject({ status: 202 });
  });

  test.each([
    "ping",
    "star",
    "no_such_event",
    "__proto__",
    "constructor",
    "toString",
    "error",
    "*",
    "pull_request.opened",
    "x".repeat(8000),
  ])("event %.30s", async (event) => {
    expect(await deliver(stage, event, { installation, repository: ours, action: "x" })).toMatchObject({
      status: 202,
      result: "ignored",
    });
  });

  test("names that senders choose never become labels of a metric", async () => {
    await deliver(stage, "an_event_of_mine", {});
    expect(await metrics(stage)).not.toContain("an_event_of_mine");
  });

  test("headers: no delivery id, an endless one, no event, twice, bytes beyond ASCII", async () => {
    const refused = { status: 202, result: "malformed" };
    expect(await deliver(stage, "ping", "{}", { "x-github-delivery": "" })).toEqual(refused);
    expect(await deliver(stage, "ping", "{}", { "x-github-delivery": "d".repeat(5000) })).toEqual(refused);
    expect(await deliver(stage, "", "{}")).toEqual(refused);
    const signature = sign(stage.app.webhookSecret, "{}");
    const answer = await raw(
      (socket) =>
        socket.write(
          Buffer.from(
            `${head([
              "Content-Length: 2",
              `X-Hub-Signature-256: ${signature}`,
              "X-GitHub-Delivery: \xe9\xff",
              "X-GitHub-Event: ping",
              "X-GitHub-Event: push",
              "X-Junk: \xff\xfe",
            ])}{}`,
            "latin1",
          ),
        ),
      /\r\n\r\n[\s\S]*\}/,
    );
    expect(answer).toMatch(/^HTTP\/1\.1 202 /);
    await stillWorks(stage, stage.repository);
  });

  test("bytes that are no HTTP", async () => {
    expect(await raw((socket) => socket.end("\x16\x03\x01garbage\r\n\r\n"), /\r\n\r\n/)).toMatch(/^HTTP\/1\.1 400 /);
    await stillWorks(stage, stage.repository);
  });

  test("nothing of all this made a key that fails for ever", async () => {
    await idle(stage);
    expect(await metrics(stage)).toContain('hms_queue_keys{state="parked"} 0');
    expect(stage.hms.output()).not.toContain("unhandled");
  });
});

test.each(["GET", "PUT", "DELETE", "OPTIONS"])("%s on the webhook's path is not found", async (method) => {
  const response = await fetch(`${stage.hms.url}${PATH}`, { method });
  expect(response.status).toBe(404);
});

test("a delivery id that was used before hides nothing but its own delivery", async () => {
  const repository = await newRepository(stage);
  const pull = await openPull(stage, repository);
  await idle(stage);
  const payload = lastPayload(stage, "pull_request", "opened");
  const id = randomUUID();
  expect(await deliver(stage, "pull_request", payload, { "x-github-delivery": id })).toMatchObject({
    result: "accepted",
  });
  expect(await deliver(stage, "pull_request", payload, { "x-github-delivery": id })).toMatchObject({
    result: "duplicate",
  });
  // GitHub's own deliveries have ids that nobody can guess: the comment comes through all the same.
  stage.github.comment(repository, pull.number, { author: "ada", body: "/hms help" });
  await idle(stage);
  expect(
    stage.github.comments(repository, pull.number).filter((one) => one.author === stage.app.botLogin),
  ).toHaveLength(1);
});

test("HMS_ALLOWED_OWNERS: what is not of theirs is ignored", async () => {
  const strict = await setStage({ owner: "initech", environment: { HMS_ALLOWED_OWNERS: "Acme" } });
  try {
    await openPull(strict, strict.repository);
    await idle(strict);
    const text = await metrics(strict);
    expect(delivered(text, "other", "ignored")).toBeGreaterThan(0);
    expect(delivered(text, "pull_request", "accepted")).toBe(0);
    expect(strict.github.requests.list({ path: /\/pulls|\/check-runs/ })).toEqual([]);
    expect(await deliver(strict, "pull_request", lastPayload(strict, "pull_request"))).toMatchObject({
      status: 202,
      result: "ignored",
    });
  } finally {
    await strict.close();
  }
});
