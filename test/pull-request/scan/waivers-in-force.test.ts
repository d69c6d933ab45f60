import { describe, expect, test } from "vitest";
import type { ScanReport } from "../../../src/model/finding.ts";
import { GitHubError } from "../../../src/ports/github.ts";
import type { CheckContent } from "../../../src/pull-request/at-commit.ts";
import { waiversCheck } from "../../../src/pull-request/scan/waivers-check.ts";
import { type WaiversRead, waiversInForce, withWaivers } from "../../../src/pull-request/scan/waivers-in-force.ts";

const PATH = ".github/hms-waivers.yml";
const HEAD = "a".repeat(40);
const OPTIONS = { path: PATH, daysMax: 180, nowMs: Date.parse("2026-11-21T23:59:59Z") };
const yml = (rule: string, expires = "2026-12-24") =>
  `version: 1\nwaivers:\n  - { rule: ${rule}, path: "**", reason: known, owner: ada, expires: ${expires} }\n`;

function repository(files: { main?: string | Error; head?: string | Error }) {
  return {
    async file(_path: string, ref?: string): Promise<string | undefined> {
      const text = ref === undefined ? files.main : files.head;
      if (text instanceof Error) throw text;
      return text;
    },
  };
}

const read = (files: Parameters<typeof repository>[0], touched: string[] | null = []): Promise<WaiversRead> =>
  waiversInForce(repository(files), HEAD, touched, OPTIONS);

const flaw: ScanReport = {
  kind: "sast",
  status: "completed",
  sha: HEAD,
  notes: [],
  findings: [
    {
      rule: "sast/eval",
      severity: "high",
      message: "m",
      remedy: "r",
      location: { path: "a.ts", commit: HEAD },
      fingerprint: "f".repeat(64),
    },
  ],
};

function judged(waivers: WaiversRead) {
  const { reports, validUntilMs } = withWaivers([flaw], waivers);
  const [one] = reports;
  if (one?.status !== "completed") throw new Error("a completed report stays completed");
  return { waived: one.findings[0]?.waiver !== undefined, notes: one.waiverNotes ?? [], validUntilMs };
}

describe("waivers in force", () => {
  test("are the default branch's, whatever the pull request says", async () => {
    const proposing = await read({ head: yml("sast/eval") }, [PATH]);
    expect(judged(proposing)).toMatchObject({ waived: false, notes: [expect.stringContaining("1 finding would be")] });
    const removing = await read({ main: yml("sast/eval") }, [PATH]);
    expect(judged(removing)).toMatchObject({ waived: true, notes: [expect.stringContaining("would count again")] });
    const untouched = await read({ main: yml("sast/eval"), head: new Error("not asked for") });
    expect(judged(untouched)).toEqual({ waived: true, notes: [], validUntilMs: Date.parse("2026-12-25T00:00:00Z") });
  });

  test("count to the end of their last day", async () => {
    expect(judged(await read({ main: yml("sast/eval", "2026-11-21") })).waived).toBe(true);
    expect(judged(await read({ main: yml("sast/eval", "2026-11-20") })).waived).toBe(false);
  });

  test.each([
    ["broken", "version: 2\nwaivers: []\n"],
    ["too large for GitHub to give", new GitHubError("unavailable", 200, "no content")],
  ])("of a file that is %s are none, and every report says so", async (_what, main) => {
    const { waived, notes } = judged(await read({ main }));
    expect(waived).toBe(false);
    expect(notes[0]).toMatch(/^No waiver counts: \.github\/hms-waivers\.yml on the default branch is broken \(line 1/);
  });

  test("of a file that could not be read are not known", async () => {
    await expect(read({ main: new GitHubError("unavailable", 502, "Bad gateway") })).rejects.toThrow("Bad gateway");
  });
});

describe("hms/config", () => {
  const about = async (files: Parameters<typeof repository>[0], touched: string[] = [], said?: CheckContent) =>
    waiversCheck(HEAD, said, await read(files, touched));
  const broken: CheckContent = {
    name: "hms/config",
    sha: HEAD,
    state: { status: "completed", conclusion: "failure" },
    title: "Broken configuration: 1 problem",
    summary: "Of hms.yml.",
    annotations: [{ path: "x", start_line: 1, end_line: 1, annotation_level: "failure", message: "m", title: "t" }],
  };

  test("says nothing of waivers that are well", async () => {
    expect(await about({ main: yml("sast/eval") })).toBeUndefined();
    expect(await about({ main: yml("sast/eval") }, [], broken)).toBe(broken);
  });

  test("annotates what a pull request breaks", async () => {
    const check = await about({ head: yml("secrets/key") }, [PATH]);
    expect(check).toMatchObject({ state: { conclusion: "failure" }, title: expect.stringContaining("1 problem") });
    expect(check?.annotations).toEqual([
      expect.objectContaining({ path: PATH, start_line: 3, message: expect.stringContaining("one by one") }),
    ]);
  });

  test("annotates what would not count since it expires too late", async () => {
    const check = await about({ head: yml("sast/eval", "2028-01-01") }, [PATH]);
    expect(check?.annotations?.[0]?.message).toContain("more than 180 days from now");
  });

  test("calls a valid proposal valid, beside what it says of hms.yml", async () => {
    expect(await about({ head: yml("sast/eval") }, [PATH])).toMatchObject({ state: { conclusion: "success" } });
    expect(await about({ head: yml("sast/eval") }, [PATH], broken)).toMatchObject({
      state: { conclusion: "failure" },
      title: broken.title,
      summary: expect.stringContaining("Its waivers count once"),
    });
  });

  test("names both files where both are broken, and quotes nothing as markup", async () => {
    const check = await about({ head: "version: 1\nwaivers: []\n'<img src=x> @acme/all': 1\n" }, [PATH], broken);
    expect(check?.title).toBe(
      "Broken configuration: 1 problem · Broken waivers: 1 problem in this pull request's waivers",
    );
    expect(check?.annotations).toHaveLength(2);
    expect(check?.summary).toContain("Of hms.yml.");
    expect(check?.summary).not.toMatch(/[^\\]<img|@acme/);
  });

  test("says that the default branch's file is broken", async () => {
    expect(await about({ main: "waivers: 1" })).toMatchObject({
      state: { conclusion: "failure" },
      title: expect.stringContaining("on the default branch"),
      annotations: [],
    });
  });
});
