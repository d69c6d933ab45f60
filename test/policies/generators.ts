import fc from "fast-check";
import type { CheckerInput, CheckerPreview } from "../../src/model/checker-input.ts";
import { SEVERITIES } from "../../src/model/finding.ts";
import type { Permission } from "../../src/model/pull-request.ts";
import { HEAD, idOf, mergeableInput, OLD } from "./inputs.ts";

type PreviewState = CheckerPreview["state"];
const permissions: Permission[] = ["none", "read", "triage", "write", "maintain", "admin"];
const login = fc.constantFrom("ada", "ADA", "grace", "Grace", "barbara", "edsger", "helper[bot]");
const sha = fc.constantFrom(HEAD, HEAD, OLD);
const rule = fc.constantFrom("no-critical-findings", "no-high-findings", "valid-configuration", "approvals");
const permission = fc.constantFrom(...permissions);
const kind = fc.constantFrom("secrets", "sast");

const finding = fc.record({
  rule: fc.constantFrom("secrets/key", "sast/eval", "sast/sql"),
  severity: fc.constantFrom(...SEVERITIES),
  message: fc.string(),
  fingerprint: fc.constant("f".repeat(64)),
});

/** Merge inputs, well formed, over few names so that coincidences are common. About one in six is allowed. */
export const mergeInputs: fc.Arbitrary<CheckerInput> = fc
  .record({
    draft: rarely(true, false),
    lastPusher: fc.constantFrom("ada", "ada", "grace", null),
    trusted: fc.constantFrom<(string[] | null)[]>([], [], [".github/hms.yml"], null),
    approvals: fc.array(fc.record({ login, permission, sha, from: login }), { maxLength: 4 }),
    owners: rarely<string[], string[]>(["grace"], []),
    carry: fc.constantFrom("content-neutral" as const, "never" as const),
    scans: fc.array(
      fc.record({
        kind,
        sha,
        status: fc.constantFrom("completed", "completed", "completed", "running", "unknown"),
        findings: fc.array(finding, { maxLength: 2 }),
      }),
      { maxLength: 3 },
    ),
    hold: rarely({ by: "grace", reason: "wait" }, null),
    overrides: fc.array(fc.record({ rule, by: login, permission, sha, reason: fc.string() }), { maxLength: 3 }),
    unknown: fc.array(fc.string(), { maxLength: 1 }).map((facts) => (facts[0]?.length === 1 ? facts : [])),
    preview: fc.record({
      state: fc.constantFrom<PreviewState[]>("healthy", "healthy", "healthy", "sleeping", "failed", "unknown"),
      reason: fc.string(),
      concerned: rarely(false, true),
      was_healthy: fc.boolean(),
    }),
    previewRequired: rarely(true, false),
    valid: rarely(false, true),
    requiredScans: fc.constantFrom<string[][]>([], ["secrets"], ["secrets", "sast"]),
    count: fc.constantFrom(0, 0, 1, 2),
    overridable: fc.array(
      fc.record({ rule, permission: fc.constantFrom("write" as const, "maintain" as const, "admin" as const) }),
      { maxLength: 3 },
    ),
  })
  .map((facts) =>
    mergeableInput({
      pull_request: { draft: facts.draft, last_pusher: facts.lastPusher, touches_trusted_paths: facts.trusted },
      approvals: facts.approvals.map(({ from, ...one }) => ({
        ...one,
        id: idOf(one.login),
        ...(one.sha === HEAD ? {} : { carried: { pusher: from, pusher_id: idOf(from) } }),
      })),
      required_reviews: facts.owners.map((owner) => ({
        rule: "code-owners",
        owners: [`@${owner}`],
        count: 1,
        files: ["src/cart.ts"],
        approvers: [idOf(owner)],
      })),
      scans: facts.scans as CheckerInput["scans"],
      hold: facts.hold,
      overrides: facts.overrides.map((one) => ({ ...one, by_id: idOf(one.by) })),
      preview: facts.preview,
      unknown: facts.unknown,
      config: {
        preview: { required: facts.previewRequired },
        valid: facts.valid,
        required_scans: facts.requiredScans,
        approvals: { count: facts.count, carry: facts.carry },
        overrides: facts.overridable,
      },
    }),
  );

function rarely<A, B>(unusual: A, usual: B): fc.Arbitrary<A | B> {
  return fc.constantFrom<(A | B)[]>(usual, usual, usual, usual, usual, usual, unusual);
}

/** Paths of every value in a JSON document, the document itself left out. */
export function pathsIn(value: unknown, prefix: (string | number)[] = []): (string | number)[][] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => {
    const path = [...prefix, Array.isArray(value) ? Number(key) : key];
    return [path, ...pathsIn(inner, path)];
  });
}

/** A copy with the value at a path replaced; `undefined` removes it, in lists as well. */
export function withValueAt(document: unknown, path: readonly (string | number)[], value: unknown): unknown {
  const [key, ...rest] = path;
  if (key === undefined) return value;
  if (Array.isArray(document)) {
    return document.flatMap((inner, i) => {
      if (i !== key) return [inner];
      const replaced = withValueAt(inner, rest, value);
      return replaced === undefined ? [] : [replaced];
    });
  }
  const object = document as Record<string, unknown>;
  return { ...object, [key]: withValueAt(object[key], rest, value) };
}

/** The value at a path. */
export function valueAt(document: unknown, path: readonly (string | number)[]): unknown {
  return path.reduce<unknown>((value, key) => (value as Record<string | number, unknown>)[key], document);
}
