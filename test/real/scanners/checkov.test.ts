import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Planted } from "../../actions/scan-stage.ts";
import { expectScanned, type Said, type ScannerStage, startScannerStage } from "./scanned.ts";

/** A bucket that anybody may read. */
const bucket = (comment = ""): string => `resource "aws_s3_bucket" "data" {
${comment}  bucket = "data"
  acl    = "public-read"
}
`;
const PUBLIC = "CKV_AWS_20";

let scanner: ScannerStage;
beforeAll(async () => {
  scanner = await startScannerStage("checkov", "iac", { "readme.md": "hello\n" });
});
afterAll(() => scanner.close());

const places = ({ found }: Said, rule = PUBLIC): string[] =>
  found.filter((each) => each.startsWith(`${rule} `)).map((each) => each.slice(rule.length + 1).replace(/:\d+$/, ""));

test("flaws are found where they stand", async () => {
  const said = await scanner.scan({
    "infra/main.tf": bucket(),
    Dockerfile: "FROM scratch\nUSER root\n",
    "k8s/pod.yaml":
      "apiVersion: v1\nkind: Pod\nmetadata: { name: a }\nspec:\n  containers:\n    - name: a\n      image: a\n      securityContext: { privileged: true }\n",
  });
  expectScanned(said);
  expect(places(said)).toEqual(["infra/main.tf"]);
  expect(places(said, "CKV_DOCKER_8")).toEqual(["Dockerfile"]);
  expect(places(said, "CKV_K8S_16")).toEqual(["k8s/pod.yaml"]);
});

test("a commit without anything to scan has no findings", async () => {
  const said = await scanner.scan({ "a.txt": "hello\n" });
  expectScanned(said);
  expect(said.found).toEqual([]);
});

describe("a pull request cannot hide a flaw by", () => {
  const skipping = "skip-check:\n  - CKV_*\nskip-path:\n  - .*\nframework:\n  - dockerfile\nquiet: true\n";
  const attacks: [string, Record<string, Planted | null>][] = [
    ["a configuration", { ".checkov.yaml": skipping, ".checkov.yml": skipping }],
    ["a configuration in its folder", { "infra/.checkov.yaml": skipping }],
    ["a configuration that is a link", { ".checkov.yaml": { link: "infra/list.yaml" }, "infra/list.yaml": skipping }],
    [
      "a baseline",
      {
        ".checkov.baseline": JSON.stringify({
          failed_checks: [
            { file: "/infra/main.tf", findings: [{ resource: "aws_s3_bucket.data", check_ids: [PUBLIC] }] },
          ],
        }),
      },
    ],
    ["links that lead out", { "infra/out": { link: "/etc" }, "infra/round": { link: "." } }],
  ];
  test.each(attacks)("%s", async (_, files) => {
    const said = await scanner.scan({ ...files, "infra/main.tf": bucket() });
    expectScanned(said);
    expect(places(said)).toEqual(["infra/main.tf"]);
  });

  test.each(["checkov:skip", "bridgecrew:skip", "cortex:skip"])("a comment %s", async (word) => {
    const said = await scanner.scan({ "infra/main.tf": bucket(`  # ${word}=${PUBLIC}: we like it public\n`) });
    expectScanned(said);
    expect(places(said)).toEqual(["infra/main.tf"]);
    const flaw = said.results.find(({ ruleId }) => ruleId === PUBLIC);
    expect(flaw).toMatchObject({ level: "error", suppressions: [{ kind: "inSource", status: "rejected" }] });
  });

  test("annotations", async () => {
    const pod =
      'apiVersion: v1\nkind: Pod\nmetadata:\n  name: a\n  annotations:\n    checkov.io/skip1: "CKV_K8S_16=fine"\nspec:\n  containers:\n    - name: a\n      image: a\n      securityContext: { privileged: true }\n';
    const said = await scanner.scan({ "k8s/pod.yaml": pod });
    expectScanned(said);
    expect(places(said, "CKV_K8S_16")).toEqual(["k8s/pod.yaml"]);
  });

  test("metadata", async () => {
    const template = {
      AWSTemplateFormatVersion: "2010-09-09",
      Resources: {
        Data: {
          Type: "AWS::S3::Bucket",
          Metadata: { checkov: { skip: [{ id: PUBLIC, comment: "fine" }] } },
          Properties: { AccessControl: "PublicRead" },
        },
      },
    };
    const said = await scanner.scan({ "cfn/bucket.json": JSON.stringify(template, undefined, 2) });
    expectScanned(said);
    expect(places(said)).toEqual(["cfn/bucket.json"]);
  });

  test.each(["node_modules/x/main.tf", ".terraform/main.tf", ".hidden/main.tf", ".serverless/main.tf"])(
    "putting it into %s",
    async (path) => {
      const said = await scanner.scan({ [path]: bucket() });
      expectScanned(said);
      expect(places(said)).toEqual([path]);
    },
  );

  test("syntax that cannot be read: that the file was not scanned is a finding", async () => {
    const said = await scanner.scan({ "infra/main.tf": `${bucket()}\nresource "x" {{{ \n` });
    expectScanned(said);
    expect(said.unread).toEqual(["infra/main.tf"]);
  });
});

test("checks of its own in Python are not executed, however it names them", async () => {
  const check = `open(${JSON.stringify(scanner.canary)}, "w").write("ran")\n`;
  const naming = "external-checks-dir:\n  - checks\n  - infra/checks\nrun-all-external-checks: true\n";
  const said = await scanner.scan({
    ".checkov.yaml": naming,
    ".checkov.yml": naming,
    "infra/.checkov.yaml": naming,
    "checks/__init__.py": check,
    "checks/own.py": check,
    "infra/checks/own.py": check,
    "checkov.py": check,
    "sitecustomize.py": check,
    "infra/main.tf": bucket(),
    "chart/Chart.yaml": "apiVersion: v2\nname: a\nversion: 1.0.0\n",
    "kustomization.yaml": "generators: [own.yaml]\nresources: []\n",
  });
  expectScanned(said);
  expect(places(said)).toEqual(["infra/main.tf"]);
  expect(said.ignored).toEqual([".checkov.yaml", ".checkov.yml", "infra/.checkov.yaml"]);
  expect(scanner.ran()).toBe(false);
});
