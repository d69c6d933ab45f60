import { createHmac } from "node:crypto";
import type { NotificationTarget } from "../config/notifications.ts";

/** What one message speaks of. */
export interface MessageFacts {
  /** The same for one message however often it is sent: who receives it twice can tell. */
  id: string;
  atMs: number;
  owner: string;
  repository: string;
  number: number;
  title: string;
  author: string;
  /** The pull request on GitHub. */
  url: string;
  headSha: string;
  whom: string[];
  /** Why they are awaited, as the gate says it. */
  reasons: string[];
}

export interface Message {
  body: string;
  headers: Record<string, string>;
}

/** https://api.slack.com/reference/surfaces/formatting#escaping — and no mention of a channel or a person comes from what others wrote. */
function slackText(text: string): string {
  const line = text.replace(/[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]+/gu, " ").slice(0, 300);
  return line
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replace(/[*_~`@]/g, "$&\u200b");
}

/**
 * One message as its target reads it. `slack`: an incoming webhook's body, which Mattermost and others take as well. `webhook`: JSON signed as
 * Standard Webhooks has it (https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md).
 */
export function messageOf(target: NotificationTarget, facts: MessageFacts): Message {
  const { id, atMs, ...data } = facts;
  if (target.kind === "slack") {
    const what = `<${encodeURI(facts.url)}|${slackText(`${facts.owner}/${facts.repository}#${facts.number}`)}>`;
    const why = facts.reasons.map((reason) => `\n• ${slackText(reason)}`).join("");
    const text = `Waiting for ${facts.whom.map(slackText).join(", ")}: ${what} ${slackText(facts.title)}${why}`;
    return { body: JSON.stringify({ text, unfurl_links: false }), headers: { "content-type": "application/json" } };
  }
  const body = JSON.stringify({ type: "gate.waiting", timestamp: new Date(atMs).toISOString(), data });
  const seconds = String(Math.floor(atMs / 1000));
  const signature = createHmac("sha256", target.secret).update(`${id}.${seconds}.${body}`).digest("base64");
  return {
    body,
    headers: {
      "content-type": "application/json",
      "webhook-id": id,
      "webhook-timestamp": seconds,
      "webhook-signature": `v1,${signature}`,
    },
  };
}
