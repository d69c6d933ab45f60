import { createHmac } from "node:crypto";
import { expect, test } from "vitest";
import { messageOf } from "../../src/notifications/message.ts";

const facts = {
  id: "msg_1",
  atMs: 1_700_000_000_500,
  owner: "acme",
  repository: "shop",
  number: 12,
  title: "Add a basket",
  author: "ada",
  url: "https://github.com/acme/shop/pull/12",
  headSha: "a".repeat(40),
  whom: ["acme/sre"],
  reasons: ["acme/sre has to approve."],
};
const chat = { name: "chat", kind: "slack", url: "https://chat.example.com/x", secret: "" } as const;
const secret = "a secret of enough characters";

test("Slack: who is awaited, where, and why", () => {
  expect(JSON.parse(messageOf(chat, facts).body)).toEqual({
    text: "Waiting for acme/sre: <https://github.com/acme/shop/pull/12|acme/shop#12> Add a basket\n• acme/sre has to approve.",
    unfurl_links: false,
  });
});

test.each([
  ["<!channel> look", "&lt;!channel&gt; look"],
  ["<https://evil.example|click>", "&lt;https://evil.example|click&gt;"],
  ["*bold* _it_ `code` @here", "*\u200bbold*\u200b _\u200bit_\u200b `\u200bcode`\u200b @\u200bhere"],
  ["a\nb\u202ec", "a b c"],
])("Slack: a title stays text: %j", (title, shown) => {
  const { text } = JSON.parse(messageOf(chat, { ...facts, title }).body) as { text: string };
  expect(text).toContain(`acme/shop#12> ${shown}`);
});

test("Slack: an endless title is cut", () => {
  expect(messageOf(chat, { ...facts, title: "x".repeat(100_000) }).body.length).toBeLessThan(1000);
});

test("webhook: signed over id, time and body as Standard Webhooks has it", () => {
  const { body, headers } = messageOf({ name: "pager", kind: "webhook", url: "https://x.example", secret }, facts);
  const signed = createHmac("sha256", secret).update(`msg_1.1700000000.${body}`).digest("base64");
  expect(headers).toEqual({
    "content-type": "application/json",
    "webhook-id": "msg_1",
    "webhook-timestamp": "1700000000",
    "webhook-signature": `v1,${signed}`,
  });
  const { id: _, atMs: __, ...data } = facts;
  expect(JSON.parse(body)).toEqual({ type: "gate.waiting", timestamp: "2023-11-14T22:13:20.500Z", data });
});
