import { describe, expect, test } from "vitest";
import { parseHmsYml } from "../../src/config/hms-yml.ts";
import { mergeConfig } from "../../src/config/merge.ts";
import type { PreviewConfig } from "../../src/config/preview.ts";
import { PREVIEW_DEFAULTS } from "../../src/config/preview-merge.ts";

const WEB = { name: "web", path: "deploy/web" };

function problems(preview: unknown): string[] {
  const result = parseHmsYml(JSON.stringify({ version: 1, preview }));
  return result.ok ? [] : result.problems.map(({ path, message }) => `${path}: ${message}`);
}

function merged(organisation: unknown, repository: unknown, enforce: string[] = []) {
  const read = (preview: unknown, extra: object) => {
    const text = JSON.stringify({ version: 1, ...(preview === undefined ? {} : { preview }), ...extra });
    const result = parseHmsYml(text, { scope: "organisation" });
    if (!result.ok) throw new Error(JSON.stringify(result.problems));
    return result.config;
  };
  return mergeConfig(read(organisation, { organisation: { enforce } }), read(repository, {}));
}

function preview(
  ...files: [organisation: unknown, repository: unknown, enforce?: string[]]
): PreviewConfig | undefined {
  const result = merged(...files);
  if (!result.ok) throw new Error(JSON.stringify(result.problems));
  return result.config.preview;
}

describe("what is refused", () => {
  test.each<[string, unknown]>([
    ["preview.components.0.name", { components: [{ ...WEB, name: "Web" }] }],
    ["preview.components.0.name", { components: [{ ...WEB, name: "w".repeat(21) }] }],
    ["preview.components.0.name", { components: [{ ...WEB, name: "web-" }] }],
    ["preview.components.0.name", { components: [{ ...WEB, name: "{{slug}}" }] }],
    ["preview.components", { components: [WEB, WEB] }],
    ["preview.components", { components: Array.from({ length: 21 }, (_, i) => ({ ...WEB, name: `c${i}` })) }],
    ...["../x", "a/../b", "/etc", "a//b", "a/", "-f", "a\u0000b", "{{.x}}", "a b", "", "$(x)", "a\\b", "./a"].map(
      (path): [string, unknown] => ["preview.components.0.path", { components: [{ ...WEB, path }] }],
    ),
    ...[
      "ghcr.io/acme/web",
      "ghcr.io/acme/web:latest",
      "ghcr.io/{{head_sha}}/web:1",
      "web:{{head_sha}}-{{head_sha}}",
      "web:{{slug}}-{{head_sha}}",
      "web:{{head_sha}} --privileged",
      "https://x/web:{{head_sha}}",
    ].map((image): [string, unknown] => ["preview.components.0.image", { components: [{ ...WEB, image }] }]),
    ["preview.components.0.helm.a", { components: [{ ...WEB, helm: { a: "{{ .Values }}" } }] }],
    ["preview.components.0.helm.a", { components: [{ ...WEB, helm: { a: "x\ny" } }] }],
    ...[
      "ftp://{{slug}}.acme.dev",
      "https://preview.acme.dev",
      "https://preview.acme.dev/{{slug}}",
      "https://u:p@{{slug}}.acme.dev",
      "https://{{slug}}.acme.dev/?q",
      "https://{{branch}}.{{slug}}.acme.dev",
      "https://{{slug}}",
      "https://{{slug}}.ACME.dev",
      "https://{{slug}}_.acme.dev",
      "javascript:alert(1)",
    ].map((url): [string, unknown] => ["preview.url", { url }]),
    ["preview.readiness.path", { readiness: { path: "healthz" } }],
    ["preview.readiness.path", { readiness: { path: "/a b" } }],
    ...[
      "169.254.169.254/32",
      "169.254.0.0/15",
      "0.0.0.0/0",
      "127.0.0.1/32",
      "::/0",
      "fe80::1/128",
      "::ffff:a9fe:a9fe/128",
      "100.100.100.200/32",
      "10.0.0.0",
      "10.0.0.0/33",
      "x/8",
      "010.0.0.0/8",
    ].map((cidr): [string, unknown] => ["preview.egress.0.cidr", { egress: [{ cidr, ports: [443] }] }]),
    ["preview.egress.0.ports.0", { egress: [{ cidr: "10.0.0.0/8", ports: [0] }] }],
    ["preview.quota.cpu", { quota: { cpu: "1000" } }],
    ["preview.quota.cpu", { quota: { cpu: "0" } }],
    ["preview.quota.cpu", { quota: { cpu: "-1" } }],
    ["preview.quota.memory", { quota: { memory: "4m" } }],
    ["preview.quota.memory", { quota: { memory: "4GB" } }],
    ["preview.quota.pods", { quota: { pods: 0 } }],
    ["preview.ttl", { ttl: "31d" }],
    ["preview.ttl", { ttl: "1s" }],
    ["preview.ttl", { ttl: "never" }],
    ["preview.sleep_after", { sleep_after: "0" }],
    ["preview", { clusters: ["a"], place: {} }],
    ["preview.clusters", { clusters: [] }],
    ["preview.clusters", { clusters: ["a", "a"] }],
    ["preview.seed", { seed: {} }],
    ["preview.source.repo", { source: { repo: "https://github.com/acme/x" } }],
    ["preview.source.path", { source: { repo: "acme/x", path: "../.." } }],
    ["preview.source.revision", { source: { repo: "acme/x", revision: "--upload-pack=x" } }],
    ["preview.source.revision", { source: { repo: "acme/x", revision: "a..b" } }],
    ["preview.when.labels.not.0", { when: { labels: { not: [""] } } }],
    ["preview.pod_security", { pod_security: "privileged" }],
    ["preview.namespace", { namespace: "kube-system" }],
  ])("%s of %j", (path, written) => {
    expect(problems(written)).toEqual([expect.stringMatching(new RegExp(`^${path.replaceAll(".", "\\.")}: `))]);
  });
});

describe("what is taken", () => {
  test.each<[unknown]>([
    [{ components: [{ ...WEB, path: ".", image: "ghcr.io/acme/web:{{head_sha}}", image_name: "web" }] }],
    [
      {
        components: [
          {
            ...WEB,
            image: "localhost:5000/web:pr-{{head_sha}}",
            helm: { "image.tag": "{{head_sha}}", url: "{{url}}" },
          },
        ],
      },
    ],
    [{ url: "http://{{component}}-{{slug}}.{{cluster}}.acme.dev:8080/app/" }],
    [
      {
        egress: [
          { cidr: "10.0.0.0/8", ports: [5432] },
          { cidr: "192.168.1.1/32", ports: [443] },
          { cidr: "2001:db8::/64", ports: [1] },
        ],
      },
    ],
    [{ quota: { cpu: "500m", memory: "1.5Gi", storage: "0", pods: 1 }, sleep_after: "never", ttl: "1m" }],
    [{ place: { provider: "aws", region: "eu-central-1", max_cost: 0.5, latency_to: { place: "berlin", ms: 20 } } }],
    [{ seed: { job: { image: "busybox:1.36", command: ["sh", "-c", "echo {{x}}"] } } }],
    [{ source: { repo: "acme/shop-deploy", path: "previews/shop", revision: "release/1.2" } }],
  ])("%j", (written) => expect(problems(written)).toEqual([]));
});

describe("what is in force", () => {
  test("nothing where no file names a component", () => {
    expect(preview(undefined, undefined)).toBeUndefined();
    expect(preview({ ttl: "1h" }, undefined)).toBeUndefined();
    expect(preview({ components: [WEB] }, { components: [] })).toBeUndefined();
    expect(merged(undefined, { ttl: "1h" })).toMatchObject({ ok: false, problems: [{ path: "preview.components" }] });
  });

  test("defaults, the organisation's keys, the repository's", () => {
    const component = { ...WEB, image: undefined, imageName: undefined, helm: {} };
    expect(preview(undefined, { components: [WEB] })).toEqual({ ...PREVIEW_DEFAULTS, components: [component] });
    expect(preview({ ttl: "1h", quota: { pods: 3 } }, { components: [WEB], quota: { cpu: "1" } })).toMatchObject({
      ttlMs: 3_600_000,
      quota: { cpu: "1", memory: "4Gi", pods: 3 },
    });
    expect(preview({ clusters: ["a"] }, { components: [WEB], place: { region: "x" } })?.placement).toEqual({
      region: "x",
    });
    expect(preview({}, { components: [WEB], sleep_after: "never" })?.sleepAfterMs).toBe(0);
  });

  test.each<[key: string, organisation: object, weaker: object, stricter: object]>([
    ["preview.ttl", { ttl: "2h" }, { ttl: "3h" }, { ttl: "1h" }],
    ["preview.ttl", {}, { ttl: "73h" }, { ttl: "72h" }],
    ["preview.max_active", { max_active: 2 }, { max_active: 3 }, { max_active: 1 }],
    ["preview.quota", { quota: { memory: "1Gi" } }, { quota: { memory: "1025Mi" } }, { quota: { memory: "1024Mi" } }],
    ["preview.quota", { quota: { pods: 2 } }, { quota: { pods: 3 } }, { quota: { pods: 2 } }],
    ["preview.pod_security", {}, { pod_security: "baseline" }, { pod_security: "restricted" }],
    [
      "preview.egress",
      { egress: [{ cidr: "10.0.0.0/8", ports: [1, 2] }] },
      { egress: [{ cidr: "10.0.0.0/8", ports: [3] }] },
      { egress: [{ cidr: "10.0.0.0/8", ports: [2] }] },
    ],
    ["preview.forks", { forks: "never" }, { forks: "approved" }, { forks: "never" }],
    ["preview.required", { required: true }, { required: false }, { required: true }],
  ])("%s is enforced", (key, organisation, weaker, stricter) => {
    expect(merged(organisation, { components: [WEB], ...weaker }, [key])).toMatchObject({
      ok: false,
      problems: [{ path: key }],
    });
    expect(merged(organisation, { components: [WEB], ...weaker }).ok).toBe(true);
    expect(merged(organisation, { components: [WEB], ...stricter }, [key]).ok).toBe(true);
  });

  test("an enforced requirement is not dropped with the components", () => {
    const organisation = { components: [WEB], required: true };
    expect(merged(organisation, { components: [] }, ["preview.required"]).ok).toBe(false);
  });

  test("an enforced time to live is the most that a command may ask for", () => {
    expect(preview({ ttl: "2h" }, { components: [WEB], ttl: "1h" }, ["preview.ttl"])?.extendMostMs).toBe(7_200_000);
  });
});
