import { Ajv2020 } from "ajv/dist/2020.js";
import { expect, test, vi } from "vitest";
import { parse, stringify } from "yaml";
import { lintAgents, startupSchema } from "../../src/agents/lint.ts";
import { cleanSystem, FLAT, NESTED } from "./system.ts";

vi.setConfig({ testTimeout: 60_000 });

/** The schema as the remediation guide prints it (section VI), word for word. */
const PRINTED = `
$schema: "https://json-schema.org/draft/2020-12/schema"
title: "AI-Agent Startup Configuration"
type: object
required: [global_settings]
properties:
  global_settings:
    type: object
    properties:
      environment: {type: object, additionalProperties: {type: string}}
      resource_limits:
        type: object
        properties:
          cpu_percent: {type: number, minimum: 1, maximum: 100}
          memory_mb:   {type: integer, minimum: 128}
          max_threads: {type: integer, minimum: 1}
        additionalProperties: false
      health_checks:
        type: object
        properties:
          interval_seconds: {type: integer, minimum: 5}
          timeout_seconds:  {type: integer, minimum: 1}
          retries:          {type: integer, minimum: 0}
        additionalProperties: false
    additionalProperties: false

  agent_groups:
    type: object
    additionalProperties:
      type: object
      additionalProperties:
        $ref: "#/$defs/agent"
  pc2_services:
    type: array
    items: { $ref: "#/$defs/agent" }

  $defs:
    agent:
      type: object
      required: [script_path, port, health_check_port]
      properties:
        name:               {type: string}
        script_path:        {type: string}
        port:               {type: integer, minimum: 1024, maximum: 65535}
        health_check_port:  {type: integer, minimum: 1024, maximum: 65535}
        required:           {type: boolean}
        dependencies:
          type: array
          items: {type: string}
        config:             {type: object}
        host:               {type: string}
        env_vars:           {type: object, additionalProperties: {type: string}}
      additionalProperties: false
`;

const compile = (schema: object, strict = true) => new Ajv2020({ allErrors: true, strict }).compile(schema);
const printed = () => parse(PRINTED) as { properties: Record<string, unknown>; [key: string]: unknown };

test("as printed, the schema cannot be used: its definitions are properties of the configuration, so no reference finds them", () => {
  expect(() => compile(printed())).toThrow('unknown keyword: "agent"');
  expect(() => compile(printed(), false)).toThrow("can't resolve reference #/$defs/agent");
});

test("what is shipped is the printed schema with the definitions at its top, and nothing else changed", () => {
  const { properties, ...rest } = printed();
  const { $defs, ...own } = properties;
  expect(startupSchema).toEqual({ ...rest, properties: own, $defs });
  expect(() => compile(startupSchema)).not.toThrow();
});

test("it takes both forms, nested groups and a flat list", () => {
  const validate = compile(startupSchema);
  const tree = cleanSystem();
  for (const path of [NESTED, FLAT])
    expect([validate(parse(tree.get(path) ?? "")), validate.errors]).toEqual([true, null]);
});

test("the lint and the bare schema agree on what is valid, each part of a configuration changed in turn", () => {
  const agent = {
    script_path: "a.py",
    port: 5000,
    health_check_port: 5001,
    required: true,
    dependencies: [],
    config: {},
    host: "h",
    env_vars: { A: "b" },
  };
  const whole = {
    global_settings: {
      environment: { A: "b" },
      resource_limits: { cpu_percent: 50, memory_mb: 256, max_threads: 2 },
      health_checks: { interval_seconds: 5, timeout_seconds: 1, retries: 0 },
    },
    agent_groups: { core: { A: agent } },
    pc2_services: [{ ...agent, name: "B", port: 5002, health_check_port: 5003 }],
  };
  const validate = compile(startupSchema);
  let refused = 0;
  for (const changed of variants(whole)) {
    const valid = validate(changed);
    const { findings } = lintAgents([{ path: "startup.yaml", text: stringify(changed) }], new Set(["a.py"]));
    const said = findings.filter(({ rule }) => rule === "agents/startup-schema" || rule === "agents/port-range");
    expect({ changed, valid: said.length === 0 }).toEqual({ changed, valid });
    if (!valid) refused++;
  }
  expect(refused).toBeGreaterThan(100);
});

/** The value with each part of it once replaced, left out, or given a key more. */
function variants(value: unknown): unknown[] {
  const others = ["text", "", -1, 0, 70_000, 1.5, true, null, [], {}, [1]];
  if (Array.isArray(value))
    return [...others, ...value.flatMap((part, at) => variants(part).map((other) => value.with(at, other)))];
  if (typeof value !== "object" || value === null) return others;
  const entries = Object.entries(value);
  return [
    ...others,
    { ...value, unheard_of: 1 },
    ...entries.map(([key]) => Object.fromEntries(entries.filter(([name]) => name !== key))),
    ...entries.flatMap(([key, part]) => variants(part).map((other) => ({ ...value, [key]: other }))),
  ];
}
