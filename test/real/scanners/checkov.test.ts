import { randomBytes } from "node:crypto";
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

/** A container that may do anything. */
const pod = (annotations = ""): string =>
  `apiVersion: v1\nkind: Pod\nmetadata:\n  name: a\n${annotations}spec:\n  containers:\n    - name: a\n      image: a\n      securityContext: { privileged: true }\n`;
const PRIVILEGED = "CKV_K8S_16";

let scanner: ScannerStage;
beforeAll(async () => {
  scanner = await startScannerStage("checkov", "iac", { "readme.md": "hello\n" });
});
afterAll(() => scanner.close());

const places = ({ found }: Said, rule = PUBLIC): string[] =>
  found.filter((each) => each.startsWith(`${rule} `)).map((each) => each.slice(rule.length + 1).replace(/:\d+$/, ""));

test("flaws are found where they stand, and where there are none, none are", async () => {
  const said = await scanner.scan({
    "a.txt": "hello\n",
    "infra/main.tf": bucket(),
    Dockerfile: "FROM scratch\nUSER root\n",
    "k8s/pod.yaml": pod(),
  });
  expectScanned(said);
  expect(places(said)).toEqual(["infra/main.tf"]);
  expect(places(said, "CKV_DOCKER_8")).toEqual(["Dockerfile"]);
  expect(places(said, PRIVILEGED)).toEqual(["k8s/pod.yaml"]);
  expect(said.found.filter((each) => each.includes("a.txt"))).toEqual([]);
});

describe("a pull request cannot hide a flaw by", () => {
  const skipping = "skip-check:\n  - CKV_*\nskip-path:\n  - .*\nframework:\n  - dockerfile\nquiet: true\n";
  const baseline = {
    failed_checks: [{ file: "/infra/main.tf", findings: [{ resource: "aws_s3_bucket.data", check_ids: [PUBLIC] }] }],
  };
  test.each<[string, Record<string, Planted>]>([
    [
      "configurations, a baseline and links",
      {
        ".checkov.yaml": skipping,
        ".checkov.yml": skipping,
        "infra/.checkov.yaml": skipping,
        ".checkov.baseline": JSON.stringify(baseline),
        "infra/out": { link: "/etc" },
        "infra/round": { link: "." },
      },
    ],
    ["a configuration that is a link", { ".checkov.yaml": { link: "infra/list.yaml" }, "infra/list.yaml": skipping }],
  ])("%s", async (_, files) => {
    const said = await scanner.scan({ ...files, "infra/main.tf": bucket() });
    expectScanned(said);
    expect(places(said)).toEqual(["infra/main.tf"]);
  });

  test("comments, annotations and metadata", async () => {
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
    const said = await scanner.scan({
      "a/main.tf": bucket(`  # checkov:skip=${PUBLIC}: we like it public\n`),
      "b/main.tf": bucket(`  # bridgecrew:skip=${PUBLIC}: we like it public\n`),
      "c/main.tf": bucket(`  # cortex:skip=${PUBLIC}: we like it public\n`),
      "cfn/bucket.json": JSON.stringify(template, undefined, 2),
      "k8s/pod.yaml": pod(`  annotations:\n    checkov.io/skip1: "${PRIVILEGED}=fine"\n`),
    });
    expectScanned(said);
    expect(places(said)).toEqual(["a/main.tf", "b/main.tf", "c/main.tf", "cfn/bucket.json"]);
    expect(places(said, PRIVILEGED)).toEqual(["k8s/pod.yaml"]);
    const flaws = said.results.filter(({ ruleId }) => ruleId === PUBLIC || ruleId === PRIVILEGED);
    for (const flaw of flaws)
      expect(flaw).toMatchObject({ level: "error", suppressions: [{ kind: "inSource", status: "rejected" }] });
  });

  test("links, and names of what configures a scanner", async () => {
    const said = await scanner.scan({
      "deploy/trivy.yaml": pod(),
      ".checkov.yaml": pod(),
      "infra/text": bucket(),
      "infra/linked.tf": { link: "text" },
    });
    expectScanned(said);
    expect(places(said, PRIVILEGED)).toEqual([".checkov.yaml", "deploy/trivy.yaml"]);
    expect(places(said)).toEqual(["infra/linked.tf"]);
  });

  test("what makes Checkov pass over a manifest without a word", async () => {
    const other = "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: b }\n---\n";
    const manifests = {
      "k8s/template.yaml": `# {{ .Values.x }}\n${pod()}`,
      "k8s/odd-name.yaml": other + pod('  annotations: { name: "{}" }\n'),
      "k8s/tag.yaml": pod("  labels: !x {}\n"),
      "k8s/broken.yaml": `${pod()}---\n{{{\n`,
      "k8s/generated.yaml": pod().replace("name: a", "generateName: a"),
      "k8s/escaped.yaml": pod().replace("kind:", '"kin\\x64":').replace("apiVersion:", '"apiVersio\\x6e":'),
    };
    const said = await scanner.scan({ ...manifests, "k8s/plain.yaml": `${other}${pod()}`, "k8s/own.json": "{}\n" });
    expectScanned(said);
    expect(places(said, PRIVILEGED)).toEqual(["k8s/plain.yaml"]);
    expect(said.unread).toEqual(Object.keys(manifests).sort());
  });

  test("where it puts it, how long it is, or that nobody can read it", async () => {
    const folders = [".hidden", ".serverless", ".terraform", "node_modules/x", "code/infra"];
    const long = `# ${"x".repeat(98)}\n`.repeat(5_000);
    const said = await scanner.scan({
      ...Object.fromEntries(folders.map((folder) => [`${folder}/main.tf`, bucket()])),
      "broken/main.tf": `${bucket()}\nresource "x" {{{ \n`,
      "long/pod.yaml": `${long}${pod()}`,
    });
    expectScanned(said);
    expect(places(said)).toEqual(folders.map((folder) => `${folder}/main.tf`).sort());
    expect(places(said, PRIVILEGED)).toEqual(["long/pod.yaml"]);
    expect(said.unread).toEqual(["broken/main.tf"]);
  });
});

test("a secret that Checkov finds is not told", async () => {
  const key = `AKIA${randomBytes(20)
    .toString("base64")
    .replace(/[^A-Z2-7]/gi, "")
    .toUpperCase()
    .padEnd(16, "Q")
    .slice(0, 16)}`;
  const said = await scanner.scan({ "infra/main.tf": `${bucket()}locals {\n  key = "${key}"\n}\n` });
  expectScanned(said);
  expect(said.found).toContainEqual(expect.stringMatching(/^CKV_SECRET_2 infra\/main\.tf/));
  expect(JSON.stringify(said)).not.toContain(key);
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
