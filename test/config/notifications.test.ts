import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { readNotifications } from "../../src/config/notifications.ts";
import { readSettings } from "../../src/config/settings.ts";

const folder = mkdtempSync(join(tmpdir(), "hms-notifications-"));
afterAll(() => rmSync(folder, { recursive: true }));
const environment = {
  SRE_CHAT_URL: "https://chat.example.com/T0",
  PAGER_URL: "https://pager.example.com",
  PAGER_SECRET: "s".repeat(24),
};

function read(text: string, env: Record<string, string> = environment) {
  const path = join(folder, "notifications.yml");
  writeFileSync(path, text);
  return readNotifications(path, env);
}
const document = readFileSync(new URL("../../docs/notifications.md", import.meta.url), "utf8");
const example = /```yaml\n([\s\S]*?)```/.exec(document)?.[1] ?? "";

test("the documentation's example", () => {
  expect(read(example)).toEqual({
    notifications: {
      settleMs: 30_000,
      targets: [
        { name: "sre-chat", kind: "slack", url: "https://chat.example.com/T0", secret: "" },
        { name: "pager", kind: "webhook", url: "https://pager.example.com", secret: "s".repeat(24) },
      ],
      routes: [
        { waitingFor: ["acme/sre"], repositories: ["acme/*"], to: ["sre-chat"] },
        { waitingFor: ["*"], repositories: ["acme/payments"], to: ["pager"] },
      ],
    },
  });
});

test.each([
  [
    "a variable that is not set",
    example,
    {},
    ["SRE_CHAT_URL is not a URL", "PAGER_URL is not a URL", "PAGER_SECRET has less than 24 characters"],
  ],
  ["an unknown target", example.replace("to: [pager]", "to: [paper]"), environment, ["there is no target paper"]],
  ["an unknown key", `${example}more: 1\n`, environment, ['the file: Unrecognized key: "more"']],
  [
    "a URL in the file itself",
    example.replace("SRE_CHAT_URL", "https://x"),
    environment,
    ["targets.0.url_env: must name an environment variable"],
  ],
  [
    "a webhook without a secret",
    example.replace("secret_env: PAGER_SECRET", ""),
    environment,
    ["targets.1: a webhook needs secret_env"],
  ],
  ["no YAML", "a: [", environment, ["the file is not YAML"]],
])("%s", (_what, text, env, problems) => {
  expect(read(text, env)).toMatchObject({
    problems: expect.arrayContaining(problems.map((one) => expect.stringContaining(one))),
  });
});

test("no file", () => {
  expect(readNotifications(join(folder, "none.yml"), {})).toEqual({ problems: ["the file cannot be read (ENOENT)"] });
});

test("its problems are told beside those of variables", () => {
  expect(readSettings({ HMS_NOTIFICATIONS: join(folder, "none.yml"), PORT: "x" })).toMatchObject({
    problems: [expect.stringMatching(/^PORT /), "HMS_NOTIFICATIONS: the file cannot be read (ENOENT)."],
  });
});
