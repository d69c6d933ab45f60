import { expect, test } from "vitest";
import { finding, report, scanned, waivers } from "../views/findings-scene.ts";
import { SHOP, shaOf, type Village, viewerOf, village } from "../views/village.ts";
import { site } from "./site.ts";

const HOSTILE = [
  "<script>alert(1)</script>",
  '" onmouseover="alert(2)" x="',
  "'><img src=x onerror=alert(3)>",
  "</title></textarea></pre><svg onload=alert(4)>",
  "\u202Egnp.exe\u2066",
  "&lt;b&gt; &amp; &#x3c;",
  "a\nb\u0000c\u2028d",
];

/** Every place that somebody outside can write into. */
async function planted(text: string) {
  const town = await village();
  const finding = { rule: text, severity: "critical" as const, message: text, fingerprint: "f" };
  const decision = await town.judged(
    SHOP,
    12,
    {
      hold: { by: text, reason: text },
      unknown: [text],
      approvals: [{ id: 5, login: text, permission: "write", sha: shaOf(12) }],
      required_reviews: [
        { rule: "code-owners", owners: [text], count: 1, files: [text], approvers: null, reason: text },
      ],
      scans: [{ kind: text, sha: shaOf(12), status: "completed", findings: [finding] }],
      overrides: [{ rule: text, by: text, by_id: 5, permission: "admin", sha: shaOf(12), reason: text }],
      pull_request: {
        number: 12,
        head_sha: shaOf(12),
        base: text,
        fork: true,
        draft: true,
        author: { id: 6, login: text, type: "User", association: "NONE" },
        last_pusher: text,
        last_pusher_id: 6,
        labels: [text],
        commits: 1,
        changed_files: [],
        touches_trusted_paths: [text],
      },
    },
    { title: text, author: text, baseRef: text, url: `javascript:alert(5)//${text}` },
  );
  await town.deps.engine.ledger.append("repository/7/42", [
    {
      type: "command",
      subject: "pull/7/42/12",
      atMs: town.clock.now(),
      id: `command/${text}`,
      data: { verb: text, by: text, reason: text },
    },
    { type: text, subject: "pull/7/42/12", atMs: town.clock.now(), id: `odd/${text}`, data: { [text]: [text] } },
  ]);
  await hostileFindings(town, text);
  const pages = site(town, viewerOf({ login: text, roles: ["reader", "auditor", "operator"] }));
  const path = `/decisions/${decision.id}`;
  return [
    await pages.get(`/?${new URLSearchParams({ text, author: text, repository: text })}`),
    await pages.get("/"),
    await pages.get("/pulls/acme/shop/12"),
    await pages.get(path),
    await pages.post(`${path}/what-if`, { approvals: "x", needed: text, labels: text, patch: text }),
    await pages.post("/what-if", { patch: text, days: text }),
    await pages.post("/what-if", { patch: JSON.stringify({ [text]: text }) }),
    await pages.get(`/ledger?${new URLSearchParams({ subject: text, type: text, repository: text, since: text })}`),
    await pages.get("/ledger"),
    await pages.post("/queue/retry", { key: text }),
    await pages.get("/findings"),
    await pages.get(
      `/findings?${new URLSearchParams({ text, repository: text, kind: text, pull: text, after: text })}`,
    ),
    await pages.get("/findings?state=fixed"),
    await pages.get(`/findings/acme/shop/${PLANTED}`),
    await pages.get(`/findings/acme/shop/${AGENTS}`),
    await pages.get("/pulls/acme/shop/12/scans"),
    await pages.get("/waivers"),
    await pages.get(`/waivers?${new URLSearchParams({ repository: text })}`),
    await pages.get(`/nowhere/${encodeURIComponent(text)}`),
  ];
}

const PLANTED = "a".repeat(64);
const AGENTS = "b".repeat(64);

/** Tools, files and waivers say what they like. */
async function hostileFindings(town: Village, text: string): Promise<void> {
  const waiver = { reason: text, owner: text, until: text, line: 3 };
  const location = { path: text, line: 1, headLine: 1, commit: shaOf(12) };
  const one = finding(text, {
    rule: text,
    message: text,
    remedy: `\`${text}\` ${text}`,
    location,
    fingerprint: PLANTED,
  });
  const block = {
    ...{ issue: text, solution: text, steps: [text], tests: [text], rollback: text },
    ...{ dependencies: [text], risks: text, success: text },
  };
  const tool = { name: text, version: text };
  const task = {
    id: text,
    rule: text,
    path: text,
    findings: 1,
    score: 1,
    restart: true,
    after: [{ task: text, because: text }],
  };
  const plan = { waves: [{ number: 1, tasks: [task] }], notes: [text] };
  const url = `javascript:alert(6)//${text}`;
  const said = { notes: [text], waiverNotes: [text], tool, url };
  await scanned(town, SHOP, 12, [
    report([{ ...one, waiver }], { ...said, gone: [one], fixed: 1 }),
    report([{ ...one, fingerprint: AGENTS, block }], { ...said, kind: "agents", plan }),
    { kind: "iac", status: "unknown", sha: shaOf(12), reason: text, url },
  ]);
  const refused = { type: "scan_report_refused", subject: `scan/7/42/${shaOf(12)}`, atMs: 1, id: `refused/${text}` };
  const override = { type: "override", subject: "pull/7/42/12", atMs: 1, id: `override/${text}` };
  await town.deps.engine.ledger.append("repository/7/42", [
    { ...refused, data: { kind: "sast", why: text } },
    { ...override, data: { rule: "no-sast-findings", by: text, reason: text, sha: shaOf(12) } },
  ]);
  const own = { reason: text, owner: text, expires: text, line: 3 };
  const broken = [{ line: 1, column: 1, message: text }];
  await waivers(
    town,
    SHOP,
    [
      { ...own, rule: text, path: text },
      { ...own, fingerprint: text, line: 4 },
    ],
    { path: text, broken },
  );
}

/** The tags of a document as a browser would see them: names with their attributes. */
function tags(markup: string): string[] {
  return [...markup.matchAll(/<([a-z][a-z0-9]*)((?:[^"'>]|"[^"]*"|'[^']*')*)>/gi)].map(([tag]) => tag);
}

test.each(HOSTILE)("planted everywhere, %j stays text", async (text) => {
  for (const { text: markup } of await planted(text)) {
    const all = tags(markup);
    expect(all.filter((tag) => /^<script/i.test(tag))).toHaveLength(1);
    expect(all.filter((tag) => /^<(?:img|b)\b/i.test(tag))).toEqual([]);
    const attributes = all.map((tag) => tag.replace(/"[^"]*"/g, '""'));
    expect(attributes.filter((tag) => /\son\w+=/i.test(tag))).toEqual([]);
    expect(markup).not.toMatch(/href="\s*javascript:/i);
    expect(markup.match(/<title>/g)).toHaveLength(1);
  }
});

test("characters that turn the reading direction or break lines are taken out where people read", async () => {
  const [, list, pull] = await planted("\u202Egnp.exe\u2066\n!");
  for (const page of [list, pull]) {
    const shown = (page?.text ?? "").replace(
      /<pre[\s\S]*?<\/pre>|<textarea[\s\S]*?<\/textarea>|<title>.*?<\/title>|="[^"]*"/g,
      "",
    );
    expect(shown).not.toMatch(/[\u202a-\u202e\u2066-\u2069]/);
  }
});

test("a title of ten thousand characters is cut where it is shown", async () => {
  const [, list, pull] = await planted("x".repeat(10_000));
  for (const page of [list, pull]) {
    const shown = (page?.text ?? "").replace(/<pre[\s\S]*?<\/pre>/g, "");
    expect(Math.max(...(shown.match(/x+/g) ?? []).map((run) => run.length))).toBeLessThan(2_001);
  }
});
