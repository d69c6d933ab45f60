import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { chart, check, type Files, inWeb, kustomization, LINK, SUBMODULE } from "./files.ts";

describe("what may be previewed", () => {
  test.each<[string, string, Files]>([
    ["plain manifests", "directory", inWeb({ "web.yaml": "a", "sub/more.yml": "b", "readme.md": "c" })],
    ["somebody else's override", "directory", { ...inWeb({ "web.yaml": "a" }), "deploy/.argocd-source.yaml": "x" }],
    ["a submodule elsewhere that nobody fetches", "directory", { ...inWeb({ "web.yaml": "a" }), lib: SUBMODULE }],
    [
      "a kustomization with local bases, components, patches and generators",
      "kustomize",
      kustomization(
        `resources: [web.yaml, ../base, ../base/extra.yaml]
components: [../parts/debug/]
patches: [{ path: web.yaml }, { patch: "a: 1", target: { kind: Service } }]
patchesStrategicMerge: ["apiVersion: v1\\nkind: Service\\nmetadata: { name: web }\\n", web.yaml]
configMapGenerator: [{ name: c, files: [key=../base/extra.yaml], literals: ["url=https://acme.dev/"], envs: [web.yaml] }]
images: [{ name: web, newName: ghcr.io/acme/web, newTag: v1 }]
generators: []
`,
        {
          "deploy/base/kustomization.yml": "resources: [extra.yaml, ../base2]",
          "deploy/base/extra.yaml": "x",
          "deploy/base2/Kustomization": "resources: [../base]",
          "deploy/parts/debug/kustomization.yaml": "kind: Component",
        },
      ),
    ],
    [
      "a chart with a listed repository, a local chart, a vendored one and a schema",
      "helm",
      chart(
        `dependencies:
  - { name: redis, version: "1", repository: https://charts.acme.dev }
  - { name: common, version: "1", repository: file://../common }
  - { name: vendored, version: "1" }
`,
        {
          "deploy/common/Chart.yaml": "name: common",
          "deploy/web/charts/vendored/Chart.yaml": "name: vendored",
          "deploy/web/values.schema.json": '{"properties":{"a":{"$ref":"#/x"}}}',
          "deploy/web/values.yaml": "a: &x 1\nb: *x\n",
        },
      ),
    ],
  ])("%s", (_what, tool, files) => {
    expect(check(files)).toBe(tool);
  });

  test("the root of the source", () => {
    expect(check({ "web.yaml": "x" }, ".")).toBe("directory");
    expect(check({ "kustomization.yaml": "resources: [web.yaml]", "web.yaml": "x" }, ".")).toBe("kustomize");
  });
});

describe("what is refused, each in one line with its file", () => {
  const remote = (what: string) =>
    `deploy/web/kustomization.yaml ${what} is not in this repository: remote sources are not previewed`;
  const plugin = (field: string) =>
    `deploy/web/kustomization.yaml ${field} runs plugins or fetches charts, which previews may not`;
  const unknownField = (field: string) =>
    `deploy/web/kustomization.yaml ${field} is not a field of kustomizations that previews know`;
  test.each<[string, Files, string]>([
    ["nothing there", { "a.yaml": "x" }, "deploy/web is not a folder at this commit"],
    ["a link in the folder's place", { "deploy/web": LINK }, "deploy/web is not a folder at this commit"],
    [
      "an override",
      inWeb({ "web.yaml": "x", ".argocd-source.yaml": "x" }),
      "deploy/web/.argocd-source.yaml would override what the preview is made of",
    ],
    [
      "an override of one Application",
      inWeb({ "web.yaml": "x", ".argocd-source-pr-shop-1.yaml": "x" }),
      "deploy/web/.argocd-source-pr-shop-1.yaml would override what the preview is made of",
    ],
    [
      "an override in another case",
      inWeb({ "web.yaml": "x", ".ArgoCD-Source.yml": "x" }),
      "deploy/web/.ArgoCD-Source.yml would override what the preview is made of",
    ],
    ["a link", inWeb({ "web.yaml": LINK }), "deploy/web/web.yaml is a symbolic link, which could lead anywhere"],
    [
      "a submodule",
      inWeb({ "web.yaml": "x", lib: SUBMODULE }),
      "deploy/web/lib is a submodule, which could be anything",
    ],
    [
      "a submodule elsewhere",
      { ...inWeb({ "web.yaml": "x" }), ".gitmodules": "x", lib: SUBMODULE },
      "lib is a submodule, which Argo CD would fetch from anywhere",
    ],
    [
      "Jsonnet",
      inWeb({ "web.jsonnet": "x" }),
      "deploy/web/web.jsonnet is Jsonnet, a program, which previews do not run",
    ],
    [
      "a large file",
      inWeb({ "web.yaml": { mode: "100644", sizeBytes: 6e6 } }),
      "deploy/web/web.yaml is larger than 5 MiB",
    ],
    ["a file of unknown size", inWeb({ "web.yaml": { mode: "100644" } }), "deploy/web/web.yaml is larger than 5 MiB"],
    ["a remote base", kustomization("resources: [https://github.com/x/y]"), remote("https://github.com/x/y")],
    ["…without a scheme", kustomization("resources: [github.com/x/y?ref=v1]"), remote("github.com/x/y?ref=v1")],
    [
      "…that is also a folder",
      kustomization("bases: [GitHub.com/x/y]", { "deploy/web/GitHub.com/x/y/kustomization.yaml": "" }),
      remote("GitHub.com/x/y"),
    ],
    ["…by SSH", kustomization("components: ['git@acme.dev/x/y.git']"), remote("git@acme.dev/x/y.git")],
    ["…by git::", kustomization("resources: ['git::https://acme.dev/x']"), remote("git::https://acme.dev/x")],
    ["…of a file system", kustomization("resources: ['file:///etc']"), remote("file:///etc")],
    ["…of a sub-folder", kustomization("resources: [acme.dev/x//y]"), remote("acme.dev/x//y")],
    ["a remote CRD", kustomization("crds: ['http://acme.dev/crd.json']"), remote("http://acme.dev/crd.json")],
    ["a remote schema", kustomization("openapi: { path: 'http://acme.dev/a' }"), remote("http://acme.dev/a")],
    ["a remote patch", kustomization("patches: [{ path: 'http://acme.dev/a' }]"), remote("http://acme.dev/a")],
    [
      "a remote patch of old",
      kustomization("patchesStrategicMerge: ['http://acme.dev/a']"),
      remote("http://acme.dev/a"),
    ],
    [
      "a remote replacement",
      kustomization("replacements: [{ path: 'http://acme.dev/a' }]"),
      remote("http://acme.dev/a"),
    ],
    [
      "a remote file of a ConfigMap",
      kustomization("configMapGenerator: [{ name: c, files: ['k=http://169.254.169.254/latest'] }]"),
      remote("http://169.254.169.254/latest"),
    ],
    [
      "a remote file of a Secret",
      kustomization("secretGenerator: [{ name: c, envs: ['http://a.dev/x'] }]"),
      remote("http://a.dev/x"),
    ],
    [
      "a way out",
      kustomization("resources: [../../../etc]"),
      "deploy/web/kustomization.yaml ../../../etc leads out of the repository",
    ],
    [
      "an absolute path",
      kustomization("resources: [/etc]"),
      "deploy/web/kustomization.yaml /etc is not a relative path of this repository",
    ],
    [
      "a base through a link",
      kustomization("resources: [link]", inWeb({ link: LINK })),
      "deploy/web/link is a symbolic link, which could lead anywhere",
    ],
    ["a base that is not there", kustomization("resources: [../base]"), "deploy/base is not there at this commit"],
    [
      "a base without a kustomization",
      kustomization("resources: [../base]", { "deploy/base/a.yaml": "x" }),
      "deploy/base is a folder without a kustomization",
    ],
    [
      "a remote base of a base",
      kustomization("resources: [../base]", { "deploy/base/kustomization.yaml": "resources: ['https://a.dev/x']" }),
      "deploy/base/kustomization.yaml https://a.dev/x is not in this repository: remote sources are not previewed",
    ],
    [
      "two kustomizations",
      kustomization("resources: []", inWeb({ Kustomization: "x" })),
      "deploy/web/Kustomization stands beside kustomization.yaml: one of them",
    ],
    ["generators", kustomization("generators: [web.yaml]"), plugin("generators")],
    ["transformers", kustomization("transformers: ['kind: X\\n']"), plugin("transformers")],
    ["validators", kustomization("validators: [web.yaml]"), plugin("validators")],
    ["charts", kustomization("helmCharts: [{ name: x, repo: https://a.dev }]"), plugin("helmCharts")],
    ["a field in another case", kustomization("Resources: ['https://a.dev/x']"), unknownField("Resources")],
    ["…in another alphabet", kustomization("re\u017fources: ['https://a.dev/x']"), unknownField("re\u017fources")],
    ["a merge key", kustomization("<<: { resources: ['https://a.dev/x'] }"), unknownField("<<")],
    [
      "a key within in another case",
      kustomization("patches: [{ Path: 'https://a.dev/x' }]"),
      "deploy/web/kustomization.yaml patches has an unknown key Path",
    ],
    ["a tag", kustomization("resources: [!!binary d2ViLnlhbWw=]"), "deploy/web/kustomization.yaml has YAML tags"],
    ["an alias", kustomization("resources: &a [web.yaml]\ncrds: *a"), "deploy/web/kustomization.yaml has YAML aliases"],
    [
      "a line that only Go sees",
      kustomization("# x\u2028resources: ['https://a.dev']"),
      "deploy/web/kustomization.yaml has control characters",
    ],
    [
      "…after a lone carriage return",
      kustomization("# x\rresources: ['https://a.dev']"),
      "deploy/web/kustomization.yaml has control characters",
    ],
    [
      "two documents",
      kustomization("resources: []\n---\nresources: []"),
      "deploy/web/kustomization.yaml is not one plain YAML document",
    ],
    [
      "a directive",
      kustomization("%YAML 1.1\n---\nresources: []"),
      "deploy/web/kustomization.yaml has YAML directives",
    ],
    [
      "a key twice",
      kustomization("crds: []\ncrds: []"),
      "deploy/web/kustomization.yaml is not one plain YAML document",
    ],
    [
      "deep nesting",
      kustomization("[".repeat(100_000)),
      "deploy/web/kustomization.yaml is not one plain YAML document",
    ],
    [
      "a large kustomization",
      kustomization(`# ${"x".repeat(300_000)}`),
      "deploy/web/kustomization.yaml is larger than 256 KiB",
    ],
  ])("%s", (_what, files, problem) => {
    expect(check(files)).toEqual([problem]);
  });

  test.each(["..", "../x", "/etc", "a/../../b"])("the folder %s", (path) => {
    expect(check({ "a.yaml": "x" }, path)).toEqual([`${path} is not a folder of the source`]);
  });

  test("too many files, too many kustomizations, and no more lines than people read", () => {
    const many = inWeb(Object.fromEntries(Array.from({ length: 2001 }, (_, at) => [`${at}.yaml`, "x"])));
    expect(check(many)).toEqual([expect.stringContaining("is one of more than 2000 files")]);
    const links = inWeb(Object.fromEntries(Array.from({ length: 99 }, (_, at) => [`${at}.yaml`, LINK])));
    expect(check(links)).toHaveLength(20);
    const chain = Object.fromEntries(
      Array.from({ length: 60 }, (_, at) => [
        `deploy/web${at || ""}/kustomization.yaml`,
        `resources: [../web${at + 1}]`,
      ]),
    );
    expect(check(chain)).toEqual([expect.stringContaining("is one of more than 50 kustomizations")]);
  });
});

test("a path of a kustomization names a file of the repository, or is refused", () => {
  const part = fc.constantFrom(
    "..",
    ".",
    "web.yaml",
    "base",
    "github.com",
    "git@x",
    "http:",
    "",
    "a b",
    "?ref=1",
    "é",
    "\\",
    "-x",
  );
  fc.assert(
    fc.property(fc.array(part, { minLength: 1, maxLength: 6 }), (parts) => {
      const path = parts.join("/");
      const answer = check(
        kustomization(JSON.stringify({ resources: [path] }), { "deploy/base/kustomization.yaml": "", "web.yaml": "x" }),
      );
      if (answer !== "kustomize") return;
      expect(path).not.toMatch(/:|^[^/]*@|\?|\/\/|^\/|^github/);
      const named = new URL(path, "file:///deploy/web/").pathname.replace(/\/$/, "");
      expect(["/deploy/web/web.yaml", "/deploy/base", "/web.yaml", "/deploy/web"]).toContain(named);
    }),
  );
});
