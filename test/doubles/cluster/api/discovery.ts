import { apiVersionOf, type Resource, type Resources } from "./resources.ts";

const VERBS = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];

/** What the API tells of itself; undefined where the address is of something else. */
export function discovery(path: string, resources: Resources, gitVersion: string): unknown {
  const groups = [...new Set(resources.all().map(({ group }) => group))].filter(Boolean);
  switch (path) {
    case "/version":
      return versionOf(gitVersion);
    case "/api":
      return { kind: "APIVersions", versions: ["v1"], serverAddressByClientCIDRs: [] };
    case "/apis":
      return { kind: "APIGroupList", apiVersion: "v1", groups: groups.map((group) => groupOf(group, resources)) };
  }
  const [, root, first = "", second, ...more] = path.split("/");
  if (more.length > 0) return undefined;
  if (root === "apis" && first && second === undefined)
    return groups.includes(first) ? { kind: "APIGroup", apiVersion: "v1", ...groupOf(first, resources) } : undefined;
  if (root === "api" && second !== undefined) return undefined;
  const groupVersion = root === "api" ? first : root === "apis" ? `${first}/${second}` : "";
  const served = resources.all().filter((resource) => apiVersionOf(resource) === groupVersion);
  if (served.length === 0) return undefined;
  return { kind: "APIResourceList", apiVersion: "v1", groupVersion, resources: served.flatMap(entriesOf) };
}

function versionOf(gitVersion: string): object {
  const [, major = "1", minor = "36"] = /^v(\d+)\.(\d+)/.exec(gitVersion) ?? [];
  return {
    major,
    minor,
    gitVersion,
    gitCommit: "0000000000000000000000000000000000000000",
    gitTreeState: "clean",
    buildDate: "1970-01-01T00:00:00Z",
    goVersion: "none",
    compiler: "none",
    platform: "simulated",
  };
}

function groupOf(name: string, resources: Resources): object {
  const served = new Set(resources.all().flatMap(({ group, version }) => (group === name ? [version] : [])));
  const versions = [...served].map((version) => ({ groupVersion: `${name}/${version}`, version }));
  return { name, versions, preferredVersion: versions[0] };
}

function entriesOf(resource: Resource): object[] {
  const { plural, singular, namespaced, kind } = resource;
  return [
    { name: plural, singularName: singular, namespaced, kind, verbs: VERBS },
    ...(resource.status
      ? [{ name: `${plural}/status`, singularName: "", namespaced, kind, verbs: ["get", "patch", "update"] }]
      : []),
    ...(resource.scale
      ? [
          {
            name: `${plural}/scale`,
            singularName: "",
            namespaced,
            group: "autoscaling",
            version: "v1",
            kind: "Scale",
            verbs: ["get", "patch", "update"],
          },
        ]
      : []),
  ];
}
