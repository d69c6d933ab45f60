import { describe, expect, test } from "vitest";
import { effectiveConfig } from "../../src/config/effective.ts";
import { diagnose } from "../../src/doctor/diagnose.ts";
import { type QualityDeps, qualityAnswers, withQuality } from "../../src/doctor/gather-quality.ts";
import { factsOf, known, notKnown, REPOSITORY } from "./facts-of.ts";

const said = (facts: Parameters<typeof factsOf>[0]) =>
  diagnose(factsOf(facts))
    .filter(({ code }) => code.startsWith("sonarqube"))
    .map(({ level, code, what }) => `${level} ${code}: ${what}`);

test("nothing is said of a server where none is named, and none is asked about", () => {
  expect(said({})).toEqual([]);
});

test("the server's version, and why it cannot be asked, with nothing in it that moves a cursor", () => {
  expect(said({ quality: known("10.7") })).toEqual(["ok sonarqube: SonarQube 10.7 answers, and takes the token"]);
  expect(said({ quality: notKnown("it is\u001b[2J away") })).toEqual([
    "fail sonarqube: SonarQube cannot be asked: it is?[2J away",
  ]);
});

test("the project of a repository", () => {
  expect(said({ repositories: [{ ...REPOSITORY, quality: known("shop") }] })).toEqual([
    "ok sonarqube-project: SonarQube lets HMS-SYS read the project shop",
  ]);
  expect(said({ repositories: [{ ...REPOSITORY, quality: notKnown("403") }] })).toEqual([
    "fail sonarqube-project: No scan of kind quality can be made: 403",
  ]);
});

describe("what is asked", () => {
  const asked: (string | undefined)[] = [];
  const deps: QualityDeps = {
    bound: { projects: [{ repositories: [`${REPOSITORY.owner}/*`.toLowerCase()], keys: ["shop"] }] },
    server: {
      async access(project) {
        asked.push(project);
        return { ok: true, version: "10.7" };
      },
    },
  };
  const configured = (scan: string) => ({
    ...REPOSITORY,
    configuration: known(effectiveConfig(undefined, `version: 1\nscan: ${scan}\n`, "repository")),
  });
  test.each([
    ["no quality", "{}", undefined],
    ["quality of a workflow", "{ quality: { tool: sarif } }", undefined],
    ["the project that is given", "{ quality: { project: shop } }", known("shop")],
    ["another one", "{ quality: { project: vault } }", notKnown(expect.stringContaining("does not let"))],
  ])("%s", async (_name, scan, expected) => {
    asked.length = 0;
    expect((await withQuality(configured(scan), deps)).quality).toEqual(expected);
    expect(asked).toEqual(expected?.ok ? ["shop"] : []);
  });

  test("no server", async () => {
    expect((await withQuality(configured("{ quality: {} }"), undefined)).quality).toMatchObject({ ok: false });
    expect(await qualityAnswers(deps)).toEqual(known("10.7"));
  });
});
