import type { CheckerPreview } from "../../src/model/checker-input.ts";
import type { CorpusRow } from "./corpus.ts";
import { commandInput, mergeableInput as merge, override } from "./inputs.ts";

const RULE = "preview-healthy";

function required(change: Partial<CheckerPreview> = {}, rest: Parameters<typeof merge>[0] = {}) {
  return merge({
    ...rest,
    preview: { state: "healthy", reason: "", concerned: true, was_healthy: false, ...change },
    config: { preview: { required: true }, ...rest.config },
  });
}

export const previewCorpus: CorpusRow[] = [
  { name: "a required preview is healthy", input: required() },
  { name: "a required preview failed", input: required({ state: "failed", reason: "quota" }), deny: [RULE] },
  { name: "a required preview is degraded", input: required({ state: "degraded" }), deny: [RULE] },
  ...(["provisioning", "queued", "unknown"] as const).map((state) => ({
    name: `a required preview is ${state}`,
    input: required({ state }),
    waiting: [`${RULE}:machines`],
  })),
  ...(["blocked", "skipped", "disabled", "sleeping"] as const).map((state) => ({
    name: `a required preview is ${state}`,
    input: required({ state }),
    waiting: [`${RULE}:people`],
  })),
  {
    name: "a required preview sleeps after it was healthy",
    input: required({ state: "sleeping", was_healthy: true }),
    warn: [RULE],
  },
  {
    name: "a required preview was healthy and failed",
    input: required({ state: "failed", was_healthy: true }),
    deny: [RULE],
  },
  { name: "nothing previewed is changed", input: required({ state: "skipped", concerned: false }) },
  {
    name: "a label that keeps the preview off lifts nothing",
    input: required(
      { state: "skipped", reason: "The label no-preview keeps the preview off." },
      {
        pull_request: { labels: ["no-preview"] },
      },
    ),
    waiting: [`${RULE}:people`],
  },
  {
    name: "a failed preview that nobody requires",
    input: merge({ preview: { state: "failed", reason: "", concerned: true, was_healthy: false } }),
  },
  {
    name: "a required preview of which nothing is said",
    input: merge({ preview: null, config: { preview: { required: true } } }),
    waiting: [`${RULE}:machines`],
  },
  {
    name: "a failed preview is overridden",
    input: required(
      { state: "failed" },
      {
        overrides: [override("barbara", "admin", RULE)],
        config: { overrides: [{ rule: RULE, permission: "admin" }] },
      },
    ),
    warn: [RULE],
  },
  {
    name: "an override does not make a preview that is being made healthy",
    input: required(
      { state: "provisioning" },
      {
        overrides: [override("barbara", "admin", RULE)],
        config: { overrides: [{ rule: RULE, permission: "admin" }] },
      },
    ),
    waiting: [`${RULE}:machines`],
  },
  { name: "preview up by someone who may write", input: commandInput("preview", { action: "up" }) },
  {
    name: "preview up by an author who may only read",
    input: commandInput("preview", { action: "up" }, { login: "ada", permission: "read", is_author: true }),
    deny: ["may-preview"],
  },
  {
    name: "a preview in a state that does not exist",
    input: required({ state: "green" as CheckerPreview["state"] }),
    deny: ["malformed-input"],
  },
];
