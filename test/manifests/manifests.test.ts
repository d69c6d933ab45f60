import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { describe, expect, test } from "vitest";
import { parse, parseAllDocuments } from "yaml";
import { VARIABLES } from "../../src/config/settings.ts";
import { KINDS } from "../../src/model/kubernetes.ts";
import { MANAGED_BY, PREVIEW_LABELS, previewLabels } from "../../src/model/preview.ts";
import { HOSTS_ANNOTATION, PREVIEW_KINDS, PULL_SECRET, SYNC_ACCOUNT, slugOf } from "../../src/preview/preview.ts";

/** What is shipped for clusters says the same as the code that relies on it. */
const ROOT = join(import.meta.dirname, "../../manifests");
const files = readdirSync(ROOT, { recursive: true, encoding: "utf8" }).filter((path) => path.endsWith(".yaml"));

interface Rule {
  apiGroups: string[];
  resources: string[];
  verbs: string[];
  resourceNames?: string[];
}
interface Manifest {
  kind: string;
  metadata: { name: string; namespace?: string; labels?: Record<string, string> };
  rules?: Rule[];
  spec?: {
    failurePolicy?: string;
    policyName?: string;
    validationActions?: string[];
    matchConditions?: { name: string; expression: string }[];
    variables?: { name: string; expression: string }[];
    validations?: { expression: string; message?: string; messageExpression?: string }[];
  };
}

const read = (path: string) => readFileSync(join(ROOT, path), "utf8");
const manifestsIn = (folder: string): Manifest[] =>
  files
    .filter((path) => path.startsWith(folder) && !path.endsWith("kustomization.yaml"))
    .flatMap((path) => parseAllDocuments(read(path)).map((document) => document.toJS() as Manifest));

const shipped = [...manifestsIn("base/"), ...manifestsIn("argocd/rbac"), ...manifestsIn("argocd/admission")];
const policies = shipped.filter(({ kind }) => kind === "ValidatingAdmissionPolicy");
const bindings = shipped.filter(({ kind }) => kind === "ValidatingAdmissionPolicyBinding");
const rulesOf = (name: string) =>
  shipped
    .filter(({ kind, metadata }) => kind.endsWith("Role") && metadata.name === name)
    .flatMap(({ rules = [] }) => rules);
const policy = (name: string) => JSON.stringify(policies.find(({ metadata }) => metadata.name === name));

test("every file is named by a kustomization, and every name is a file", () => {
  const named = files
    .filter((path) => path.endsWith("kustomization.yaml"))
    .flatMap((path) => {
      const { resources = [], patches = [] } = parse(read(path)) as {
        resources?: string[];
        patches?: { path?: string }[];
      };
      const paths = [...resources, ...patches.flatMap((patch) => patch.path ?? [])];
      return paths.map((resource) => relative(ROOT, join(ROOT, path, "..", resource)));
    })
    .map((path) => (path.endsWith(".yaml") ? path : `${path}/kustomization.yaml`));
  // Patches for what Argo CD's own manifests make, and manifests of repositories, are nobody's resources.
  const apart = /^(argocd\/settings|examples)\/|^(hms|overlays\/[^/]+)\/kustomization\.yaml$/;
  expect(files.filter((path) => !apart.test(path)).sort()).toEqual(
    [...new Set(named)].filter((path) => !apart.test(path)).sort(),
  );
  for (const path of named) expect(files).toContain(path);
});

test("the settings that HMS-SYS runs with are variables that it knows", () => {
  const { data } = parse(read("hms/settings.yaml")) as { data: Record<string, string> };
  const known = new Set(VARIABLES as readonly string[]);
  for (const name of Object.keys(data).filter((key) => !key.endsWith(".yaml"))) expect(known).toContain(name);
});

describe("admission policies", () => {
  test("fail closed, are bound to deny, and say whose they are", () => {
    expect(policies.length).toBeGreaterThan(10);
    for (const { metadata, spec } of policies) {
      expect([metadata.name, spec?.failurePolicy]).toEqual([metadata.name, "Fail"]);
      expect(["self", "others", "everybody"]).toContain(metadata.labels?.["hms-sys.dev/policy"]);
      const bound = bindings.filter((binding) => binding.spec?.policyName === metadata.name);
      expect(bound.map((binding) => binding.spec?.validationActions)).toEqual([["Deny"]]);
      for (const { message, messageExpression } of spec?.validations ?? []) {
        expect(message ?? messageExpression).toMatch(/^'?hms-sys: /);
      }
    }
    expect(bindings).toHaveLength(policies.length);
  });

  test("exempt users by exact name, and HMS-SYS in the first condition alone, where an overlay renames it", () => {
    const user = "system:serviceaccount:hms-system:hms-sys";
    for (const { metadata, spec } of policies) {
      const self = metadata.labels?.["hms-sys.dev/policy"];
      const [first, ...others] = spec?.matchConditions ?? [];
      if (self === "self") expect(first?.expression).toBe(`request.userInfo.username == '${user}'`);
      if (self === "others") expect(first?.expression).toBe(`request.userInfo.username != '${user}'`);
      const rest = JSON.stringify([others, spec?.variables, spec?.validations, self === "everybody" ? first : ""]);
      expect(rest).not.toContain(user);
      expect(rest).not.toMatch(
        /userInfo\.(groups|username\.(startsWith|contains|matches))|system:(masters|nodes|serviceaccounts)'/,
      );
    }
  });

  test("know the labels, names and slugs of the code", () => {
    const owner = { appId: 1, installationId: 2, repositoryId: 3, number: 4 };
    const text = policies.map((one) => JSON.stringify(one)).join("\n");
    for (const label of Object.values(PREVIEW_LABELS)) expect(text).toContain(`'${label}'`);
    expect(new Set(text.match(/hms-sys\.dev\/[a-z]+/g))).toEqual(
      new Set([
        ...Object.keys(previewLabels(owner, "x")).filter((key) => key.startsWith("hms-sys.dev/")),
        HOSTS_ANNOTATION,
        "hms-sys.dev/policy",
        // Of the namespace of a scan.
        "hms-sys.dev/scan",
        "hms-sys.dev/commit",
        "hms-sys.dev/role",
      ]),
    );
    expect(text).toContain(`'${PREVIEW_LABELS.managedBy}'].orValue('') == '${MANAGED_BY}'`);
    expect(policy("hms-self-objects")).toContain(`object.metadata.name == '${PULL_SECRET}'`);
    expect(policy("hms-preview-pods")).toContain(`!= '${SYNC_ACCOUNT}'`);

    const patterns = new Set(text.match(/\^pr-[^']+/g));
    expect([...patterns]).toEqual(["^pr-[a-z0-9-]*[0-9]+-[0-9a-f]{8}$"]);
    for (const name of ["shop", "", "../../etc", "-", "9", "A".repeat(300), "😀", "a--b"]) {
      expect(slugOf(owner, name)).toMatch(new RegExp([...patterns][0] ?? "^$"));
    }
  });
});

describe("rights", () => {
  const kindsOf = (rules: Rule[]) =>
    rules.flatMap(({ apiGroups, resources }) =>
      apiGroups.flatMap((group) => resources.map((plural) => `${group}/${plural}`)),
    );
  const pluralOf = (kind: string) => kind.toLowerCase().replace(/ss$/, "sse").replace(/y$/, "ie").replace(/s?$/, "s");

  test("of a preview's manifests are for the kinds that its AppProject lists, and no more", () => {
    expect(kindsOf(rulesOf("hms-preview-sync")).sort()).toEqual(
      PREVIEW_KINDS.map(({ group, kind }) => `${group}/${pluralOf(kind)}`).sort(),
    );
  });

  test("name every verb, resource and group", () => {
    for (const { rules = [] } of shipped) expect(JSON.stringify(rules)).not.toContain('"*"');
  });

  test("of HMS-SYS read no Secret, enter no Pod, and give only the roles that are meant for it", () => {
    const own = ["hms-sys", "hms-preview-manager", "hms-scan-manager"].flatMap(rulesOf);
    for (const { resources, verbs, resourceNames } of own) {
      for (const resource of resources) {
        expect(resource).not.toMatch(/\/(exec|attach|portforward|proxy|token|ephemeralcontainers)$/);
        if (resource === "secrets") for (const verb of ["get", "list", "watch"]) expect(verbs).not.toContain(verb);
      }
      for (const verb of ["escalate", "impersonate", "approve", "sign"]) expect(verbs).not.toContain(verb);
      if (verbs.includes("bind"))
        expect(resourceNames).toEqual(["hms-preview-sync", "hms-preview-manager", "hms-scan-manager"]);
    }
  });

  test("of HMS-SYS reach every kind that the code writes", () => {
    const own = kindsOf(["hms-sys", "hms-preview-manager"].flatMap(rulesOf));
    for (const { apiVersion, plural } of Object.values(KINDS)) {
      expect(own).toContain(`${apiVersion.includes("/") ? apiVersion.split("/")[0] : ""}/${plural}`);
    }
  });
});
