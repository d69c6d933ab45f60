import { execFile } from "node:child_process";
import { promisify } from "node:util";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { redactText } from "../../src/telemetry/log.ts";
import { cpuMs } from "../stage/cpu-time.ts";

const MODULE = new URL("../../src/telemetry/log.ts", import.meta.url).href;
/** Joined here, so that no scanner finds them in this file. */
const SECRETS = {
  installationToken: `gh${"s_"}${"a1B2".repeat(9)}`,
  personalToken: `gh${"p_"}${"a1B2".repeat(9)}`,
  userToken: `gh${"u_"}${"a1B2".repeat(9)}`,
  refreshToken: `gh${"r_"}${"a1B2".repeat(19)}`,
  session: `hms${"s_"}${"a1-_B".repeat(9)}`,
  fineGrained: `github_${"pat_"}${"a1B2_".repeat(16)}`,
  jwt: `ey${"J"}${"hbGciOiJSUzI1NiJ9"}.ey${"J"}${"pc3MiOiIxMjM0In0"}.${"c2lnbmF0dXJl".repeat(10)}`,
  pem: `-----BEGIN RSA PRIV${"ATE"} KEY-----\n${"MIIEpAIBAAKCAQEA+/=\n".repeat(20)}-----END RSA PRIV${"ATE"} KEY-----\n`,
};

/** What a process writes that runs `body`, with `log` and `secret` at hand. */
async function logged(body: string, secret: string): Promise<string> {
  const program = `import { createLog } from ${JSON.stringify(MODULE)}; const secret = process.env.PLANTED; const log = createLog("trace"); ${body}`;
  const { stdout, stderr } = await promisify(execFile)(process.execPath, ["--input-type=module", "-e", program], {
    env: { PLANTED: secret },
  });
  return stdout + stderr;
}

describe("no secret reaches the log", () => {
  test.each(Object.entries(SECRETS))("%s, wherever it stands", async (_name, secret) => {
    const text = await logged(
      `
      log.info({ authorization: "token " + secret, token: secret }, "fields");
      log.info({ request: { headers: { authorization: secret, Authorization: secret } } }, "nested");
      log.info({ a: { b: { c: { d: { token: secret, other: secret } } } } }, "deep");
      log.info({ list: [secret, { x: secret }] }, "in a list");
      log.info({ url: "https://x:" + secret + "@github.com/acme/shop.git" }, "in a URL");
      log.info("in the message: " + secret);
      log.info("by a format: %s", secret);
      log.error({ err: new Error("an answer with " + secret, { cause: new Error(secret) }) }, "in an error");
      log.error({ err: Object.assign(new Error("with its request"), { request: { headers: { authorization: secret } } }) }, "with more");
      log.error({ err: secret }, "thrown as it is");
      log.error(new Error(secret));
      log.child({ bound: secret }).warn("bound");
      `,
      secret,
    );
    const lines = text.trim().split("\n");
    expect(lines).toHaveLength(12);
    for (const line of lines) expect(() => JSON.parse(line), line).not.toThrow();
    const body = secret.split("\n")[1] ?? secret;
    expect(text).not.toContain(body.slice(0, 30));
    expect(text).toContain("[redacted]");
  });

  test("secrets without a format, such as the webhook secret or the operator token, are kept out by their names", async () => {
    const secret = "correct horse battery staple";
    const text = await logged(
      `log.info({ webhookSecret: secret, privateKey: secret, password: secret, operatorToken: secret, headers: { cookie: secret }, settings: { operatorToken: secret, app: { webhookSecret: secret, clientSecret: secret } } }, "start");`,
      secret,
    );
    expect(text).not.toContain(secret);
  });
});

test("what is no secret stays readable: one JSON object a line, with time and level by name", async () => {
  const text = await logged(`log.warn({ key: "pull/7/42/12", attempt: 3 }, "run failed");`, "");
  expect(JSON.parse(text)).toMatchObject({ level: "warn", key: "pull/7/42/12", attempt: 3, msg: "run failed" });
  expect(Date.parse((JSON.parse(text) as { time: string }).time)).toBeGreaterThan(0);
});

test("any text around a token stays, the token goes", () => {
  const secret = fc.constantFrom(...Object.values(SECRETS));
  fc.assert(
    fc.property(fc.string(), secret, fc.string(), (before, token, after) => {
      expect(redactText(`${before} ${token} ${after}`)).not.toContain(token.slice(8, 40));
      expect(redactText(`${before} ${token.trimEnd()} ${after}`)).toBe(`${before} [redacted] ${after}`);
    }),
  );
});

test("text without end takes no time", () => {
  const hard = ["-----BEGIN A-----".repeat(20_000), "gh".repeat(200_000), "eyJaaaaaaaaaaa.".repeat(30_000)];
  expect(cpuMs(() => hard.map(redactText))).toBeLessThan(2000);
});
