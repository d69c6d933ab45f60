import { expect, test } from "vitest";
import type { CheckerDocument, MergeGroupInput } from "../../../src/model/checker-input.ts";
import { checkerDocument, editRefusal } from "../../../src/portal/views/checker-input-schema.ts";
import { corpus } from "../../policies/corpus.ts";

const sha = "a".repeat(40);
const group: MergeGroupInput = {
  schema: "hms.checker/v1",
  point: "merge-group",
  repository: { id: 7, owner: "acme", name: "shop", default_branch: "main" },
  group: {
    sha,
    base: "main",
    members: [
      { number: 1, head_sha: sha, outcome: "waiting-on-people", rules: ["approvals"], why: "Nobody approved." },
    ],
    unexplained: [],
    overdue: false,
  },
  scans: [{ kind: "secrets", sha, status: "completed", findings: [] }],
  config: { valid: true, required_scans: ["secrets"] },
};
const wellFormed: { name: string; input: unknown }[] = [
  ...corpus.filter(({ deny }) => !deny?.includes("malformed-input")),
  { name: "a merge group", input: group },
];

test("whatever the checker is asked about has the shape in which facts may be edited", () => {
  const refused = wellFormed.flatMap(({ name, input }) => {
    const issue = checkerDocument.safeParse(input).error?.issues[0];
    return issue ? [`${name}: ${issue.path.join(".")} ${issue.message}`] : [];
  });
  expect(refused).toEqual([]);
  expect(new Set(wellFormed.map(({ input }) => (input as CheckerDocument).point))).toEqual(
    new Set(["merge", "command", "merge-group"]),
  );
});

test("each member of each fact can be replaced by itself, and by nothing of another kind", () => {
  for (const { name, input } of wellFormed) {
    expect(editRefusal(input, structuredClone(input)), name).toBeUndefined();
    for (const member of Object.keys(input as object)) {
      const other = { ...(input as object), [member]: Symbol.iterator.toString().length };
      expect(editRefusal(input, other), `${name}: ${member}`).toBeTypeOf("string");
    }
  }
});

test("what people imagine stays small enough for the policy in force; what was read may be more", () => {
  const { input } = corpus.find(({ input: one }) => (one as CheckerDocument).point === "merge") as { input: object };
  const approvals = (count: number) =>
    Array.from({ length: count }, (_, at) => ({ id: at + 1, login: `a${at}`, permission: "write", sha }));
  expect(editRefusal(input, { ...input, approvals: approvals(100) })).toBeUndefined();
  expect(editRefusal(input, { ...input, approvals: approvals(101) })).toContain("approvals");
  const many = { ...input, approvals: approvals(101) };
  expect(editRefusal(many, { ...many, hold: { by: "ada", reason: "" } })).toBeUndefined();
  const unknown = Array.from({ length: 1_000 }, () => "x".repeat(300));
  expect(editRefusal(input, { ...input, unknown })).toContain("the limit is");
});
