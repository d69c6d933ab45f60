import type { CorpusRow } from "./corpus.ts";
import { commandInput as command, HEAD, idOf, OLD } from "./inputs.ts";

const author = { login: "ada", permission: "read", is_author: true } as const;
const outsider = { login: "mallory", permission: "none" } as const;
const administrator = { login: "barbara", permission: "admin" } as const;
const RULE = { rule: "no-critical-findings", sha: HEAD };
const unknown = { unknown: ["The reviews could not be read."] };

export const commandCorpus: CorpusRow[] = [
  { name: "anyone may ask for help", input: command("help", {}, outsider) },
  { name: "help while facts are unknown", input: command("help", {}, outsider, unknown) },
  { name: "a reader may ask why", input: command("why", {}, { permission: "read" }) },
  { name: "who cannot read may not ask why", input: command("why", {}, outsider), deny: ["may-why"] },
  { name: "retry by a writer", input: command("retry") },
  { name: "retry by the author", input: command("retry", {}, author) },
  { name: "retry by a reader", input: command("retry", {}, { permission: "read" }), deny: ["may-retry"] },
  { name: "retry while facts are unknown", input: command("retry", {}, {}, unknown) },
  { name: "hold by a writer", input: command("hold") },
  { name: "hold by an author who may not write", input: command("hold", {}, author), deny: ["may-hold"] },
  { name: "hold by triage", input: command("hold", {}, { permission: "triage" }), deny: ["may-hold"] },
  { name: "unhold by a writer", input: command("unhold") },
  { name: "unhold by an author who may not write", input: command("unhold", {}, author), deny: ["may-unhold"] },
  {
    name: "unhold while facts are unknown",
    input: command("unhold", {}, {}, unknown),
    waiting: ["facts-known:machines"],
  },
  { name: "ok-to-test by a writer", input: command("ok-to-test", { sha: HEAD }) },
  {
    name: "ok-to-test by a reader",
    input: command("ok-to-test", { sha: HEAD }, { permission: "read" }),
    deny: ["may-ok-to-test"],
  },
  {
    name: "ok-to-test for another commit",
    input: command("ok-to-test", { sha: OLD }),
    deny: ["may-ok-to-test"],
  },
  {
    name: "ok-to-test for a shortened commit",
    input: command("ok-to-test", { sha: HEAD.slice(0, 12) }),
    deny: ["may-ok-to-test"],
  },
  { name: "ok-to-test without a commit", input: command("ok-to-test"), deny: ["may-ok-to-test"] },
  { name: "override by an administrator", input: command("override", RULE, administrator) },
  {
    name: "override with too little permission",
    input: command("override", RULE, { permission: "maintain" }),
    deny: ["may-override"],
  },
  {
    name: "override by a reader is refused twice over",
    input: command("override", RULE, { permission: "read" }),
    deny: ["may-override", "may-override"],
  },
  {
    name: "override by the author",
    input: command("override", RULE, { ...administrator, is_author: true }),
    deny: ["may-override"],
  },
  {
    name: "override by the author, who is said to be somebody else",
    input: command("override", RULE, { login: "ADA", permission: "admin" }),
    deny: ["may-override"],
  },
  {
    name: "override by the author under another login",
    input: command("override", RULE, { id: idOf("ada"), login: "renamed", permission: "admin" }),
    deny: ["may-override"],
  },
  {
    name: "override by the last pusher",
    input: command("override", RULE, { ...administrator, is_last_pusher: true }),
    deny: ["may-override"],
  },
  {
    name: "override by the last pusher's login",
    input: command("override", RULE, administrator, { pull_request: { last_pusher: "Barbara" } }),
    deny: ["may-override"],
  },
  {
    name: "override by an app",
    input: command("override", RULE, { login: "helper[bot]", permission: "admin" }),
    deny: ["may-override"],
  },
  {
    name: "override while the last pusher is unknown",
    input: command("override", RULE, administrator, { pull_request: { last_pusher: null } }),
    deny: ["may-override"],
  },
  {
    name: "override of another commit",
    input: command("override", { ...RULE, sha: OLD }, administrator),
    deny: ["may-override"],
  },
  {
    name: "override of a rule that is not listed",
    input: command("override", { rule: "approvals", sha: HEAD }, administrator),
    deny: ["may-override"],
  },
  {
    name: "override where no rule is listed",
    input: command("override", RULE, administrator, { config: { overrides: [] } }),
    deny: ["may-override"],
  },
  {
    name: "override of a broken configuration",
    input: command("override", { rule: "valid-configuration", sha: HEAD }, administrator, {
      config: { overrides: [{ rule: "valid-configuration", permission: "write" }] },
    }),
    deny: ["may-override"],
  },
  {
    name: "override while facts are unknown",
    input: command("override", RULE, administrator, unknown),
    waiting: ["facts-known:machines"],
  },
  { name: "override without a rule", input: command("override", { sha: HEAD }, administrator), deny: ["may-override"] },
  { name: "a command that is not there", input: command("merge", {}, administrator), deny: ["known-command"] },
  { name: "a command named like a property", input: command("__proto__", {}, administrator), deny: ["known-command"] },
  { name: "a command without a name", input: command("", {}, administrator), deny: ["known-command"] },
];
