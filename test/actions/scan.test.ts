import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { INPUTS, type ScanStage, startScanStage } from "./scan-stage.ts";

/** A scanner of a team's own: takes for SARIF what the commit holds as `found.json`. */
const OWN_SCANNER = '#!/bin/sh\nenv\ncat "$1/../../../work/code/.git/config"\ncp "$1/found.json" "$2"\n';

let stage: ScanStage;
beforeAll(async () => {
  stage = await startScanStage({ ".github/hms-scan/sarif": OWN_SCANNER });
});
beforeEach(() => {
  stage.hms.answers.length = 0;
  stage.hms.reports.length = 0;
  stage.hms.tokenIds.length = 0;
  stage.github.setVariable("acme/shop", "HMS_URL", stage.hms.url);
});
afterAll(() => stage.close());

function sarif(results: unknown[], run: object = {}): string {
  return JSON.stringify({ version: "2.1.0", runs: [{ tool: { driver: { name: "own" } }, results, ...run }] });
}

function resultAt(uri: string, line = 1): object {
  const physicalLocation = { artifactLocation: { uri, uriBaseId: "%SRCROOT%" }, region: { startLine: line } };
  return { ruleId: "r1", level: "error", message: { text: "bad" }, locations: [{ physicalLocation }] };
}

describe("a scan by a team's own scanner", () => {
  test("is posted as gzip with the run's token, its nonce and its commit", async () => {
    const sha = await stage.commit({ "found.json": sarif([resultAt("src/a.ts", 2)]), "src/a.ts": "one\ntwo\nthree\n" });
    const { jobs, body } = await stage.play({ sha });
    expect(jobs).toMatchObject({ scan: { conclusion: "success" }, report: { conclusion: "success" } });
    expect(stage.hms.reports).toHaveLength(1);
    expect(stage.hms.reports[0]).toMatchObject({
      path: `/api/v1/scans/${INPUTS.scan}/report`,
      headers: {
        "hms-scan-nonce": INPUTS.nonce,
        "hms-scan-sha": sha,
        "hms-scan-outcome": "completed",
        "content-encoding": "gzip",
        "content-type": "application/sarif+json",
      },
      claims: {
        repository: "acme/shop",
        ref: "refs/heads/main",
        event_name: "workflow_dispatch",
        environment: "hms-report",
      },
    });
    expect(body.runs[0].results[0].locations[0].physicalLocation).toEqual({
      artifactLocation: { uri: "src/a.ts" },
      region: { startLine: 2 },
      contextRegion: { startLine: 2, endLine: 2, snippet: { text: "two" } },
    });
  });

  test("has nothing worth stealing in its environment, nor in the checkout; the summary says how much was found", async () => {
    const sha = await stage.commit({ "found.json": sarif([resultAt("a"), resultAt("b")]) });
    const { jobs } = await stage.play({ sha });
    const summary = jobs.scan?.steps.find(({ id }) => id === "scan")?.summary;
    expect(summary).toContain(`found 2 in ${sha}`);
    expect(jobs.scan?.log).toContain("HMS_KIND=quality");
    expect(jobs.scan?.log).toContain("[remote");
    expect(jobs.scan?.log).not.toMatch(/ACTIONS_|GITHUB_|INPUT_|runtime-token|extraheader|AUTHORIZATION|ghs_/i);
  });

  test("tells what configures a scanner, and that a comment asked it to look away", async () => {
    const sha = await stage.commit({
      "found.json": sarif([resultAt("a.py")]),
      "a.py": "eval(x)  # nosemgrep\n",
      "deep/.semgrepignore": "*\n",
    });
    const { body } = await stage.play({ sha });
    const { results } = body.runs[0];
    expect(results[0].suppressions).toMatchObject([{ kind: "inSource", status: "rejected" }]);
    expect(results[1]).toMatchObject({ ruleId: "hms-scan/configuration-ignored", level: "note" });
    expect(results[1].locations[0].physicalLocation.artifactLocation.uri).toBe("deep/.semgrepignore");
  });

  test("sees what is called as a scanner's configuration is, and tells of it by its own name", async () => {
    const finder = `#!/usr/bin/env node
const { readdirSync, readFileSync, writeFileSync } = require("node:fs");
const [, , root, output] = process.argv;
const files = readdirSync(root, { recursive: true }).filter((path) => path.endsWith(".yaml"));
const results = files.filter((path) => readFileSync(root + "/" + path, "utf8").includes("privileged")).map((path) => ({
  ruleId: "privileged", message: { text: "bad" },
  locations: [{ physicalLocation: { artifactLocation: { uri: root + "/" + path }, region: { startLine: 2 } } }],
}));
writeFileSync(output, JSON.stringify({ version: "2.1.0", runs: [{ tool: { driver: { name: "own" } }, results }] }));
`;
    const own = await startScanStage({ ".github/hms-scan/sarif": finder });
    try {
      const pod = "kind: Pod\nprivileged: true\n";
      const { body } = await own.play({ sha: await own.commit({ "k8s/trivy.yaml": pod, ".checkov.yaml": pod }) });
      const found = body.runs[0].results.filter(({ ruleId }: { ruleId: string }) => ruleId === "privileged");
      const places = found.map(({ locations }: { locations: { physicalLocation: object }[] }) => locations[0]);
      const line = { startLine: 2, endLine: 2, snippet: { text: "privileged: true" } };
      expect(places).toHaveLength(2);
      for (const uri of ["k8s/trivy.yaml", ".checkov.yaml"])
        expect(places).toContainEqual({
          physicalLocation: { artifactLocation: { uri }, region: { startLine: 2 }, contextRegion: line },
        });
    } finally {
      await own.close();
    }
  });
});

describe("what is not a scan is reported as failed", () => {
  test.each([
    ["nothing", undefined, "sarif ended with 1"],
    ["an empty file", "", "is empty"],
    ["half a file", '{"version":"2.1.0","runs":[', "not JSON, or was cut off"],
    ["null", "null", "not SARIF 2.1.0"],
    ["another format", '{"findings":[]}', "not SARIF 2.1.0"],
    ["no run", '{"version":"2.1.0","runs":[]}', "not SARIF 2.1.0"],
    ["a run that did not look", '{"version":"2.1.0","runs":[{"tool":{"driver":{"name":"x"}}}]}', "has no results"],
    ["a run that failed", sarif([], { invocations: [{ executionSuccessful: false }] }), "did not succeed"],
    ["a link in its place", { link: "/etc/hostname" }, "sarif ended with 1"],
  ])("%s", async (_, found, why) => {
    const sha = await stage.commit(found === undefined ? {} : { "found.json": found });
    const { jobs, body } = await stage.play({ sha });
    expect(jobs.scan?.conclusion).toBe("failure");
    expect(stage.hms.reports[0]?.headers).toMatchObject({
      "hms-scan-outcome": "failed",
      "content-type": "application/json",
    });
    expect(body.reason).toContain(why);
    expect(jobs.report?.conclusion).toBe("failure");
  });

  test("words that are Markdown or HTML elsewhere are only words in the summary", async () => {
    const loud = { "say.sh": "echo '</pre><b>@octocat</b> [x](y) HMS_URL' >&2; exit 3\n" };
    const own = await startScanStage({ ".github/hms-scan/sarif": '#!/bin/sh\n. "$1/say.sh"\n' });
    try {
      const { jobs } = await own.play({ sha: await own.commit(loud) });
      const summary = jobs.scan?.steps.find(({ id }) => id === "scan")?.summary;
      expect(summary).toContain("&lt;/pre&gt;&lt;b&gt;@octocat&lt;/b&gt; [x](y) HMS_URL</pre>");
    } finally {
      await own.close();
    }
  });

  test("a commit that is not there", async () => {
    const { body, jobs } = await stage.play({ sha: "1".repeat(40) });
    expect(jobs.scan?.conclusion).toBe("failure");
    expect(body.reason).toContain("gave no reason");
  });

  test.each([
    ["sha", "main"],
    ["sha", "--upload-pack=touch x"],
    ["scan", "../../admin"],
    ["tool", "rm"],
    ["kind", "x"],
  ])("an input %s that is %s", async (name, value) => {
    const sha = await stage.commit({ "found.json": sarif([]) });
    const { jobs } = await stage.play({ sha, [name]: value });
    expect(jobs.scan?.conclusion).toBe("failure");
    expect(stage.hms.reports.filter(({ headers }) => headers["hms-scan-outcome"] === "completed")).toEqual([]);
  });

  test("no scanner on the default branch", async () => {
    const bare = await startScanStage();
    try {
      const sha = await bare.commit({ ".github/hms-scan/sarif": OWN_SCANNER, "found.json": sarif([]) });
      const { body } = await bare.play({ sha });
      expect(body.reason).toContain("There is no .github/hms-scan/sarif on the default branch");
    } finally {
      await bare.close();
    }
  });
});

describe("the report job", () => {
  const honest = () => stage.commit({ "found.json": sarif([]) });

  test("tries again where HMS-SYS is away, as long as it is asked to wait", async () => {
    stage.hms.answers.push(
      { status: 503, headers: { "retry-after": "0" } },
      { status: 429, headers: { "retry-after": "0" } },
    );
    const { jobs } = await stage.play({ sha: await honest() });
    expect(jobs.report?.conclusion).toBe("success");
    expect(stage.hms.reports).toHaveLength(1);
    // A token is good for five minutes only.
    const [first, second, third] = stage.hms.tokenIds;
    expect(new Set([first, second, third]).size).toBe(3);
  });

  test("says in HMS-SYS' own words why a report was refused, and does not insist", async () => {
    const problem = JSON.stringify({
      title: "Not your scan",
      detail: "::error::The run is ##[x]another.",
      code: "scan_claims",
    });
    stage.hms.answers.push({ status: 403, body: problem });
    const { jobs } = await stage.play({ sha: await honest() });
    expect(jobs.report?.conclusion).toBe("failure");
    expect(jobs.report?.log).toContain("HMS-SYS answered 403: Not your scan");
    expect(jobs.report?.steps.at(-1)?.commands?.filter((name) => name === "x")).toEqual([]);
    expect(stage.hms.reports).toEqual([]);
  });

  test("follows no redirect with its token", async () => {
    stage.hms.answers.push({ status: 307, headers: { location: "/elsewhere" } });
    const { jobs } = await stage.play({ sha: await honest() });
    expect(jobs.report?.conclusion).toBe("failure");
    expect(stage.hms.reports).toEqual([]);
  });

  test.each([
    ["", "HMS_URL is not set"],
    ["http://hms.example.test", "not an https address"],
    ["https://user@hms.example.test", "not an https address"],
  ])("posts nothing where HMS_URL is %j", async (url, why) => {
    stage.github.setVariable("acme/shop", "HMS_URL", url === "" ? null : url);
    const { jobs } = await stage.play({ sha: await honest() });
    expect(jobs.report?.conclusion).toBe("failure");
    expect(jobs.report?.log).toContain(why);
    expect(jobs.report?.steps.at(-1)?.summary).toContain(why);
    expect(stage.hms.reports).toEqual([]);
  });

  test.each<[string, Record<string, string>]>([
    ["a second file", { "hms-scan.sarif": sarif([]), "other.sarif": sarif([]) }],
    ["a file of another name", { "x.sarif": sarif([]) }],
    ["a folder", { "hms-scan.sarif/x": sarif([]) }],
    ["an empty file", { "hms-scan.sarif": "" }],
  ])("takes no artifact with %s", async (_, files) => {
    const sha = await honest();
    const { body } = await stage.play(
      { sha },
      {
        beforeJob: (job) => {
          if (job.key !== "report") return;
          const held = stage.github.artifacts(job.runId).get("hms-scan") ?? {};
          for (const name of Object.keys(held)) delete held[name];
          Object.assign(
            held,
            Object.fromEntries(Object.entries(files).map(([name, text]) => [name, Buffer.from(text)])),
          );
        },
      },
    );
    expect(body.reason).toBeTypeOf("string");
    expect(stage.hms.reports[0]?.headers["hms-scan-outcome"]).toBe("failed");
  });
});

test("a run is named so that HMS-SYS knows it by its title", async () => {
  const sha = await stage.commit({ "found.json": sarif([]) });
  expect((await stage.play({ sha })).title).toBe(`hms-scan quality ${sha} ${INPUTS.scan}`);
});
