import { describe, expect, test } from "vitest";
import { A, B, flat, foundIn, nested, PORTS } from "./startup-text.ts";

describe("what is right has no finding", () => {
  test.each([
    ["nested", nested(`A: { script_path: agents/a.py, ${PORTS} }`)],
    ["flat", flat(`{ name: A, script_path: agents/a.py, ${PORTS} }`)],
    [
      "both in one file",
      nested(`A: { script_path: agents/a.py, ${PORTS} }`) +
        flat("{ name: B, script_path: agents/b.py, port: 5001, health_check_port: 6001 }").replace(/^.*\n/, ""),
    ],
    [
      "merge keys",
      nested(
        `A: &a { script_path: agents/a.py, ${PORTS}, required: yes }`,
        "B: { <<: *a, port: 5001, health_check_port: 6001 }",
      ),
    ],
    [
      "the same port on two hosts",
      nested(
        `A: { script_path: agents/a.py, ${PORTS}, host: 10.0.0.1 }`,
        `B: { script_path: agents/b.py, ${PORTS}, host: 10.0.0.2 }`,
      ),
    ],
    ["scripts from a folder above", nested(`A: { script_path: a.py, ${PORTS} }`), "agents/config/startup.yaml"],
    ["a script path with a dot", nested(`A: { script_path: ./agents/a.py, ${PORTS} }`)],
  ])("%s", (_name, text, path = "config/startup.yaml") => {
    expect(foundIn(text, { path })).toEqual([]);
  });

  test("JSON, indented with tabs", () => {
    const agent = { script_path: "agents/a.py", port: 5000, health_check_port: 6000 };
    const text = JSON.stringify({ global_settings: {}, agent_groups: { core: { A: agent } } }, null, "\t");
    expect(foundIn(text, { path: "config/agents.json" })).toEqual([]);
  });

  test("the same port, and the same name, in the files of two machines", () => {
    const text = flat(`{ name: A, script_path: agents/a.py, ${PORTS} }`);
    expect(foundIn(text, { more: { "pc2/startup.yaml": text } })).toEqual([]);
  });

  test("a dependency on an agent of another machine", () => {
    const other = flat("{ name: B, script_path: agents/b.py, port: 5000, health_check_port: 6000 }");
    expect(
      foundIn(flat(`{ name: A, script_path: agents/a.py, ${PORTS}, dependencies: [B] }`), {
        more: { "pc2/startup.yaml": other },
      }),
    ).toEqual([]);
  });
});

test.each([
  ["$" + "{NATS_PASSWORD}"],
  ["$NATS_PASSWORD"],
  ["$" + "{NATS_PASSWORD:-}"],
  ["$" + "{NATS_PASSWORD:?is needed}"],
  ["{{ nats_password }}"],
  ["$" + "{{ secrets.NATS }}"],
  ["<password>"],
  ["vault:secret/nats#password"],
  ["/run/secrets/nats"],
  [""],
])("a placeholder is no credential: %s", (value) => {
  expect(
    foundIn(
      nested(
        A,
        B(
          `env_vars: { NATS_PASSWORD: ${JSON.stringify(value)}, NATS_URL: "nats://me:$" + "{P}@host" }`.replace(
            '" + "',
            "",
          ),
        ),
      ),
    ),
  ).toEqual([]);
});

test.each(["max_tokens: 4096", "token_limit: '5'", "password_file: secrets.txt", "token: 5", "secret_name: nats"])(
  "a key that only sounds like it is no credential: %s",
  (pair) => {
    expect(foundIn(nested(A, B(`config: { ${pair} }`)))).toEqual([]);
  },
);

test("JSON that only YAML would read is not JSON", () => {
  const text = `{ "global_settings": {}, "pc2_services": [{ "name": "A", "script_path": "agents/a.py", "port": 5000, "health_check_port": 6000 },] }`;
  expect(foundIn(text, { path: "startup.json" })).toEqual([expect.stringContaining("not JSON")]);
});

test("a name that stands in a configuration that cannot be read is not called unknown", () => {
  const text = flat(`{ name: A, script_path: agents/a.py, ${PORTS}, dependencies: [Broken, Nobody] }`);
  const broken = "pc2_services:\n  - { name: Broken, port: [ }\n";
  expect(foundIn(text, { more: { "pc2/startup.yaml": broken } })).toEqual([
    expect.stringContaining("A depends on Nobody"),
    expect.stringContaining("pc2/startup.yaml cannot be read"),
  ]);
});

test("credentials are seen in a configuration that cannot be read, too, and never printed", () => {
  const text = 'pc2_services: [\n  nats_password: "hunter22"\n  url: nats://me:hunter23@host\n';
  const all = foundIn(text);
  expect(all.map((each) => each.split(":")[0])).toEqual([
    "plaintext-credential 2",
    "startup-syntax 3",
    "plaintext-credential 3",
  ]);
  expect(all.join()).not.toContain("hunter2");
});
