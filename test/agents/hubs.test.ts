import { expect, test } from "vitest";
import { lintAgents } from "../../src/agents/lint.ts";

const agent = (name: string, port: number, script = "agents/a.py") =>
  `- { name: ${name}, script_path: ${script}, port: ${port}, health_check_port: ${port + 1} }\n`;
const machine = (...agents: string[]) => `global_settings: {}\npc2_services:\n${agents.join("")}`;
const found = (files: Record<string, string>) =>
  lintAgents(
    Object.entries(files).map(([path, text]) => ({ path, text })),
    new Set(["agents/a.py", "phase1/observability_hub.py"]),
  ).findings.flatMap(({ rule, path, line, message }) =>
    rule === "agents/single-hub" ? [{ path, line, message }] : [],
  );

const PLAIN = machine(agent("A", 5000));

test("one hub for two machines", () => {
  expect(
    found({ "a/startup.yaml": machine(agent("A", 5000), agent("ObservabilityHub", 9000)), "b/startup.yaml": PLAIN }),
  ).toEqual([
    {
      path: "a/startup.yaml",
      line: 4,
      message: "ObservabilityHub is the only hub of 2 machines: when it fails, none of them is watched.",
    },
  ]);
});

test("a hub by its script", () => {
  const hub = machine(agent("Metrics", 9000, "phase1/observability_hub.py"));
  expect(found({ "a/startup.yaml": PLAIN, "b/startup.yaml": hub })).toMatchObject([{ path: "b/startup.yaml" }]);
});

test.each<[string, Record<string, string>]>([
  ["one machine", { "a/startup.yaml": machine(agent("CentralHub", 9000)) }],
  ["no hub", { "a/startup.yaml": PLAIN, "b/startup.yaml": PLAIN }],
  [
    "one on each",
    { "a/startup.yaml": machine(agent("CentralHub", 9000)), "b/startup.yaml": machine(agent("EdgeHub", 9100)) },
  ],
  ["another kind of hub", { "a/startup.yaml": machine(agent("GitHubAgent", 9000)), "b/startup.yaml": PLAIN }],
  [
    "a second that cannot be read",
    {
      "a/startup.yaml": machine(agent("CentralHub", 9000)),
      "b/startup.yaml": `${PLAIN}- [EdgeHub\n`,
      "c/startup.yaml": PLAIN,
    },
  ],
  [
    "a file beside that starts nothing",
    { "a/startup.yaml": machine(agent("CentralHub", 9000)), "b/startup.yaml": "global_settings: {}\n" },
  ],
])("nothing is said of %s", (_title, files) => {
  expect(found(files)).toEqual([]);
});
