import type { CorpusRow } from "./corpus.ts";
import { approval, carried, idOf, mergeableInput as merge, OLD, review } from "./inputs.ts";

const trusted = { touches_trusted_paths: [".github/hms.yml"] };

/** A pull request that Dependabot opened and pushed alone. */
const bot = {
  author: { id: idOf("dependabot[bot]"), login: "dependabot[bot]", type: "Bot", association: "NONE" },
  last_pusher: "dependabot[bot]",
  last_pusher_id: idOf("dependabot[bot]"),
};
const lenient = { approvals: { count: 2, bots: [{ app: "dependabot", count: 0 }] } };
const TWO_WANTING = { waiting: ["approvals:people"] };

/** Approvals: whose, of which commit, and how many. */
export const peopleCorpus: CorpusRow[] = [
  { name: "no approval", input: merge({ approvals: [] }), waiting: ["approvals:people"] },
  {
    name: "an approval of an older commit",
    input: merge({ approvals: [approval("grace", "write", OLD)] }),
    waiting: ["approvals:people"],
  },
  {
    name: "an approval with too little permission",
    input: merge({ approvals: [approval("grace", "triage")] }),
    waiting: ["approvals:people"],
  },
  {
    name: "an approval by the author, in other letters",
    input: merge({ approvals: [approval("ADA", "admin")] }),
    waiting: ["approvals:people"],
  },
  {
    name: "an approval by the last pusher",
    input: merge({ pull_request: { last_pusher: "Grace" } }),
    waiting: ["approvals:people"],
  },
  {
    name: "an approval by an app",
    input: merge({ approvals: [approval("helper[bot]", "admin")] }),
    waiting: ["approvals:people"],
  },
  {
    name: "one person who approves twice is one",
    input: merge({ approvals: [approval("grace"), approval("GRACE", "admin")], config: { approvals: { count: 2 } } }),
    waiting: ["approvals:people"],
  },
  {
    name: "two people who approve are two",
    input: merge({
      approvals: [approval("grace"), approval("edsger", "maintain")],
      config: { approvals: { count: 2 } },
    }),
  },
  {
    name: "the last pusher is unknown",
    input: merge({ pull_request: { last_pusher: null } }),
    waiting: ["approvals:machines"],
  },
  {
    name: "the last pusher is unknown, and no approval is asked for",
    input: merge({ pull_request: { last_pusher: null }, config: { approvals: { count: 0 } } }),
  },

  {
    name: "trusted paths without an administrator",
    input: merge({ pull_request: trusted }),
    waiting: ["trusted-paths-admin-approval:people"],
  },
  {
    name: "trusted paths with an administrator",
    input: merge({ pull_request: trusted, approvals: [approval("barbara", "admin")] }),
  },
  {
    name: "trusted paths with an administrator who wrote it",
    input: merge({ pull_request: trusted, approvals: [approval("grace"), approval("Ada", "admin")] }),
    waiting: ["trusted-paths-admin-approval:people"],
  },
  {
    name: "trusted paths with an administrator at another commit",
    input: merge({ pull_request: trusted, approvals: [approval("grace"), approval("barbara", "admin", OLD)] }),
    waiting: ["trusted-paths-admin-approval:people"],
  },
  {
    name: "trusted paths, last pusher unknown",
    input: merge({ pull_request: { ...trusted, last_pusher: null }, approvals: [approval("barbara", "admin")] }),
    waiting: ["approvals:machines", "trusted-paths-admin-approval:machines"],
  },
  {
    name: "the changed files are unknown",
    input: merge({ pull_request: { touches_trusted_paths: null } }),
    waiting: ["trusted-paths-admin-approval:machines"],
  },

  {
    name: "an approval by an account that has the author's login of old",
    input: merge({ approvals: [{ ...approval("grace"), login: "ada" }] }),
  },
  {
    name: "an approval by the author under another login",
    input: merge({ approvals: [{ ...approval("ada"), login: "ada-renamed" }] }),
    waiting: ["approvals:people"],
  },
  {
    name: "an approval by an account that is gone",
    input: merge({ approvals: [{ ...approval("grace"), id: 0 }] }),
    waiting: ["approvals:people"],
  },

  {
    name: "an approval of an older commit with the very same change",
    input: merge({ approvals: [carried("grace")] }),
    warn: ["approvals"],
  },
  {
    name: "the same where nothing is to be carried over",
    input: merge({ approvals: [carried("grace")], config: { approvals: { carry: "never" } } }),
    waiting: ["approvals:people"],
  },
  {
    name: "a carried approval by who pushed the older commit",
    input: merge({ approvals: [carried("grace", "write", "grace")] }),
    waiting: ["approvals:people"],
  },
  {
    name: "a carried approval where nobody knows who pushed the older commit",
    input: merge({ approvals: [carried("grace", "write", null)] }),
    waiting: ["approvals:people"],
  },
  {
    name: "a carried approval by who pushed the head",
    input: merge({ approvals: [carried("grace")], pull_request: { last_pusher: "grace" } }),
    waiting: ["approvals:people"],
  },
  {
    name: "a carried approval with too little permission",
    input: merge({ approvals: [carried("grace", "triage")] }),
    waiting: ["approvals:people"],
  },
  {
    name: "trusted paths with an administrator's carried approval",
    input: merge({ pull_request: trusted, approvals: [carried("barbara", "admin")] }),
    waiting: ["trusted-paths-admin-approval:people"],
    warn: ["approvals"],
  },

  {
    name: "files whose owner approved",
    input: merge({ required_reviews: [review(["@acme/shop"], ["grace"])] }),
  },
  {
    name: "files whose owner approved an older commit with the very same change",
    input: merge({ approvals: [carried("grace")], required_reviews: [review(["@acme/shop"], ["grace"])] }),
    warn: ["approvals"],
  },
  {
    name: "files whose owner did not approve",
    input: merge({ required_reviews: [review(["@acme/shop"], [])] }),
    waiting: ["code-owners:people"],
  },
  {
    name: "files whose owner wrote them",
    input: merge({ approvals: [approval("ada"), approval("grace")], required_reviews: [review(["@ada"], ["ada"])] }),
    waiting: ["code-owners:people"],
  },
  {
    name: "files whose owner may not write",
    input: merge({
      approvals: [approval("grace"), approval("edsger", "read")],
      required_reviews: [review(["@edsger"], ["edsger"])],
    }),
    waiting: ["code-owners:people"],
  },
  {
    name: "paths that two have to approve",
    input: merge({ required_reviews: [review(["@acme/sre"], ["grace"], { rule: "path-approvals", count: 2 })] }),
    waiting: ["path-approvals:people"],
  },
  {
    name: "paths that two approved",
    input: merge({
      approvals: [approval("grace"), approval("edsger")],
      required_reviews: [review(["@acme/sre"], ["grace", "edsger"], { rule: "path-approvals", count: 2 })],
    }),
  },
  {
    name: "files whose owners cannot be told",
    input: merge({ required_reviews: [review(["@acme/shop"], null)] }),
    waiting: ["code-owners:machines"],
  },
  {
    name: "files with owners, no count, and an unknown pusher",
    input: merge({
      pull_request: { last_pusher: null },
      config: { approvals: { count: 0 } },
      required_reviews: [review(["@acme/shop"], ["grace"])],
    }),
    waiting: ["code-owners:machines"],
  },

  {
    name: "an app's own pull request, where apps need none",
    input: merge({ pull_request: bot, approvals: [], config: lenient }),
  },
  {
    name: "an app's own pull request without a number for apps",
    input: merge({ pull_request: bot, approvals: [], config: { approvals: { count: 2 } } }),
    ...TWO_WANTING,
  },
  {
    name: "an app's pull request that a person pushed to",
    input: merge({
      pull_request: { ...bot, last_pusher: "mallory", last_pusher_id: idOf("mallory") },
      approvals: [],
      config: lenient,
    }),
    ...TWO_WANTING,
  },
  {
    name: "an app's pull request whose pusher is unknown",
    input: merge({
      pull_request: { ...bot, last_pusher: null, last_pusher_id: null },
      approvals: [],
      config: lenient,
    }),
    waiting: ["approvals:machines"],
  },
  {
    name: "an app's pull request with a second commit, whosever",
    input: merge({ pull_request: { ...bot, commits: 2 }, approvals: [], config: lenient }),
    ...TWO_WANTING,
  },
  {
    name: "a person who is called like an app",
    input: merge({
      pull_request: { ...bot, author: { ...bot.author, type: "User" } },
      approvals: [],
      config: lenient,
    }),
    ...TWO_WANTING,
  },
  {
    name: "another app than the one that is named",
    input: merge({
      pull_request: bot,
      approvals: [],
      config: { approvals: { count: 2, bots: [{ app: "renovate", count: 0 }] } },
    }),
    ...TWO_WANTING,
  },
  {
    name: "an app that is named twice takes the higher number",
    input: merge({
      pull_request: bot,
      approvals: [approval("grace")],
      config: {
        approvals: {
          count: 2,
          bots: [
            { app: "dependabot", count: 2 },
            { app: "dependabot", count: 0 },
          ],
        },
      },
    }),
    ...TWO_WANTING,
  },
];
