import { describe, expect, test } from "vitest";
import { lintAgents } from "../../src/agents/lint.ts";
import { lineOf } from "./place.ts";
import { discovery } from "./system.ts";

function found(files: Record<string, string>): string[] {
  const list = Object.entries(files).map(([path, text]) => ({ path, text }));
  return lintAgents(list, new Set(Object.keys(files))).findings.map(
    ({ rule, line, message }) => `${rule.slice(7)} ${line}: ${message}`,
  );
}

const GOOD = "class AAgent(BaseAgent):\n    pass\n";

describe("the base class", () => {
  test.each<[string, Record<string, string>]>([
    ["inherited", { "agents/a.py": GOOD }],
    ["inherited by a module's name", { "agents/a.py": "class AAgent(core.BaseAgent): pass\n" }],
    [
      "inherited under another name",
      { "agents/a.py": "from core import BaseAgent as Base\nclass AAgent(Base): pass\n" },
    ],
    [
      "inherited over several lines, beside a mixin",
      {
        "agents/a.py":
          "class AAgent(\n    Mixin[int],  # BaseAgent\n    BaseAgent,\n    metaclass=Meta,\n):\n    pass\n",
      },
    ],
    [
      "inherited by way of another file",
      { "agents/a.py": "class AAgent(Middle): pass\n", "core/middle.py": "class Middle(BaseAgent): pass\n" },
    ],
    [
      "inherited by way of another file, under another name",
      {
        "agents/a.py": "from core.middle import Middle as M\nclass AAgent(M): pass\n",
        "core/middle.py": "Base = core.BaseAgent\nclass Middle(Base): pass\n",
      },
    ],
    [
      "inherited by a class with parameters of types",
      { "agents/a.py": "class Box:\n    pass\n\nclass AAgent[T: (int, str)] (Box[T], BaseAgent): pass\n" },
    ],
    ["itself", { "agents/base_agent.py": "class BaseAgent(ABC): pass\n" }],
    ["not asked of a module that is no agent", { "agents/queue_item.py": "class QueueItem: pass\n" }],
    ["not asked of tests", { "agents/tests/test_a.py": "class FakeAgent: pass\n" }],
    ["not asked outside of agents", { "tools/agent.py": "class ToolAgent: pass\n" }],
  ])("%s", (_title, files) => {
    expect(found(files)).toEqual([]);
  });

  test.each<[string, string, string]>([
    ["not inherited", "import os\n\nclass AAgent:\n    pass\n", "class AAgent"],
    ["a parameter of types alone", "class AAgent[BaseAgent]:\n    pass\n", "class AAgent"],
    ["only in a comment", "class AAgent:  # (BaseAgent)\n    pass\n", "class AAgent"],
    ["only in a text", 'x = """\nclass B(BaseAgent):\n"""\nclass AAgent(object): pass\n', "class AAgent"],
    ["of a class that merely has its name in it", "class AAgent(NotBaseAgent): pass\n", "class AAgent"],
    ["of a script that runs by itself", "print(1)\nif __name__ == '__main__':\n    print(2)\n", "print(1)"],
  ])("%s: a finding", (_title, text, mark) => {
    expect(found({ "agents/a.py": text })).toEqual([
      expect.stringMatching(new RegExp(`^base-class ${lineOf(text, mark)}: `)),
    ]);
  });

  test("asked of every script that a start-up configuration names, under the agent's name", () => {
    const startup =
      "global_settings: {}\npc2_services: [{ name: Hub, script_path: src/hub.py, port: 5000, health_check_port: 6000 }]\n";
    expect(found({ "startup.yaml": startup, "src/hub.py": "class Server: pass\n" })).toEqual([
      expect.stringContaining("Hub does not inherit"),
    ]);
  });
});

describe("log files", () => {
  test.each([
    ["a handler", "logging.FileHandler('a.log')"],
    ["an imported handler", "FileHandler('a.log')"],
    ["a handler of a module under another name", "log.FileHandler('a.log')"],
    ["a handler in a configuration", "C = {'file': {'class': 'logging.FileHandler', 'filename': 'a.log'}}"],
    ["a basic configuration over lines", "logging.basicConfig(\n    level=1,\n    filename='a.log')"],
  ])("%s that is never rotated", (_title, call) => {
    expect(found({ "agents/a.py": `${GOOD}${call}\n` })).toEqual([
      expect.stringMatching(/^log-rotation 3: a writes a log file/),
    ]);
  });

  test.each([
    ["a rotating handler", "logging.handlers.RotatingFileHandler('a.log', maxBytes=1, backupCount=2)"],
    ["a timed one", "TimedRotatingFileHandler('a.log')"],
    ["no file", "logging.basicConfig(level=1)"],
    ["a comment", "# logging.FileHandler('a.log')"],
    ["a text", "x = 'logging.FileHandler(1)'"],
    ["a class of its own", "class Mine(FileHandler): pass"],
    ["a class of that name", "class FileHandler(FileSystemEventHandler): pass"],
    ["a rotating handler in a configuration", "C = {'class': 'logging.handlers.RotatingFileHandler'}"],
  ])("%s is no finding", (_title, line) => {
    expect(found({ "agents/a.py": `${GOOD}${line}\n` })).toEqual([]);
  });

  test("a logging configuration beside the agents", () => {
    expect(found({ "agents/logging.yaml": "handlers:\n  file:\n    class: logging.FileHandler\n" })).toEqual([
      expect.stringMatching(/^log-rotation 3: /),
    ]);
    expect(
      found({ "agents/logging.yaml": "handlers:\n  file:\n    class: logging.handlers.RotatingFileHandler\n" }),
    ).toEqual([]);
  });
});

describe("credentials in sources", () => {
  test.each([
    ["assigned", "NATS_PASSWORD = 'abc'", "NATS_PASSWORD is written"],
    ["assigned with a type", 'token: str = "abc"', "token is written"],
    ["of an object", "self.api_key='abc'", "api_key is written"],
    ["passed", "connect(user='x', password=r'abc')", "password is written"],
    ["in a dictionary", "x = {'client_secret': 'abc'}", "client_secret is written"],
    ["set by key", "x['password'] = 'abc'", "password is written"],
    ["a variable's default", "os.getenv('NATS_TOKEN', 'abc')", "NATS_TOKEN is written"],
    ["in place of a variable that is not set", "password = os.environ.get('X') or 'abc'", "password is written"],
    ["under a short name", "REDIS_PASS = 'abc'", "REDIS_PASS is written"],
    ["an address", "url = 'redis://:abc@host'", "url holds an address (redis://)"],
  ])("%s", (_title, line, words) => {
    const all = found({ "agents/a.py": `${GOOD}${line}\n` });
    expect(all).toEqual([expect.stringContaining(words)]);
    expect(all[0]).toMatch(/^plaintext-credential 3: /);
    expect(all[0]).not.toContain("abc");
  });

  test.each([
    "password = os.environ['NATS_PASSWORD']",
    "password = ''",
    "# password = 'abc'",
    "TOKEN = 'token'",
    "if password == 'abc': pass",
    "url = f'redis://:{password}@host'",
    "token = f'{a}'",
    "os.getenv('NATS_TOKEN', '')",
    "x = {'token': token, 'name': 'abc'}",
    "connect(password=p, mode=a or 'abc')",
    "tokenizer.pad_token = '[PAD]'",
    "query = 'password=%s'",
    "url = 'https://host:8080/path@x'",
  ])("no credential: %s", (line) => {
    expect(found({ "agents/a.py": `${GOOD}${line}\n` })).toEqual([]);
  });

  test.each([
    ["in brackets", "password = (\n    'abc'\n)"],
    ["behind a line that goes on", "password = \\\n    'abc'"],
  ])("on the next line, %s", (_title, line) => {
    expect(found({ "agents/a.py": `${GOOD}${line}\n` })).toEqual([
      "plaintext-credential 4: password is written in plain text.",
    ]);
  });

  test.each([
    ["nats_password: abc", "nats_password is written"],
    ["  - REDIS_PASSWORD=abc", "REDIS_PASSWORD is written"],
    ['apiKey: "abc" # rotate', "apiKey is written"],
    ["args: --token=abc", "gives token in plain text"],
    ["password: 12345", "password is written"],
  ])("in another YAML file: %s", (line, words) => {
    expect(found({ "agents/other.yaml": `a: 1\n${line}\n` })).toEqual([
      expect.stringMatching(new RegExp(`^plaintext-credential 2: .*${words}`)),
    ]);
    expect(found({ "agents/other.json": `a: 1\n${line}\n` })).toEqual([]);
  });

  test.each([
    "nats_password: $" + "{NATS_PASSWORD}",
    "token: $slack-token",
    "password: # set by the operator",
    "password: |",
    "password: !vault |",
    "password: *shared",
    "password: { secretKeyRef: nats }",
    "id-token: write",
    "max_token: 100",
    "existingSecret: nats-credentials",
    "# password: abc",
    "token: /run/secrets/nats",
  ])("no credential in another YAML file: %s", (line) => {
    expect(found({ "agents/other.yaml": `a: 1\n${line}\n` })).toEqual([]);
  });

  test("an address in another YAML file", () => {
    expect(found({ "agents/other.yaml": "db:\n  url: postgres://u:abc@db/x\n" })).toEqual([
      expect.stringMatching(/^plaintext-credential 2: /),
    ]);
  });
});

describe(".env.discovery", () => {
  const good = discovery("A", "a");
  const pair = (text: string) => found({ "agents/a/.env.discovery": text });

  test("as the specification shows it has no finding, nor with quotes, blanks and Windows' line ends", () => {
    expect(pair(good)).toEqual([]);
    expect(pair(`# an agent\r\n${good.replace("=A", ' = "A"').replaceAll("\n", "\r\n")}`)).toEqual([]);
  });

  test("comments behind values are none of them", () => {
    expect(pair(good.replace("1.0.0", '"1.0.0" # first').replace("findings.a", "findings.a  # topic"))).toEqual([]);
    expect(pair(`${good}AGENT_TOKEN=#abc\n`)).toEqual([expect.stringContaining("AGENT_TOKEN is written")]);
  });

  test.each<[string, (text: string) => string, string, string]>([
    [
      "a missing key",
      (text) => text.replace(/AGENT_DESCRIPTION.*\n/, ""),
      "discovery-key 1",
      "AGENT_DESCRIPTION is missing",
    ],
    [
      "an empty key",
      (text) => text.replace(/(AGENT_DESCRIPTION=).*/, "$1"),
      "discovery-key 3",
      "AGENT_DESCRIPTION is empty",
    ],
    ["a version of two parts", (text) => text.replace("1.0.0", "1.0"), "discovery-version 2", "is 1.0, which is not"],
    ["a version with zeros before", (text) => text.replace("1.0.0", "1.02.0"), "discovery-version 2", "1.02.0"],
    ["a topic with an empty part", (text) => text.replace("logs.a", "logs."), "discovery-topic 4", "is empty"],
    ["a topic with a blank", (text) => text.replace("logs.a", "logs a"), "discovery-topic 4", "names have letters"],
    ["a topic twice", (text) => text.replace("logs.auth.*", "logs.a"), "discovery-topic 4", "stands there twice"],
    [
      "a list with an empty item",
      (text) => text.replace("logs.a,", "logs.a,,"),
      "discovery-topic 4",
      "an item of the list is empty",
    ],
    [
      "findings on a wildcard",
      (text) => text.replace("findings.a", "findings.*"),
      "discovery-topic 5",
      "cannot be published",
    ],
    [
      "findings on two topics",
      (text) => text.replace("findings.a", "findings.a,findings.b"),
      "discovery-topic 5",
      "one topic",
    ],
    ["a > in the middle", (text) => text.replace("logs.a", "logs.>.a"), "discovery-topic 4", "> at the end"],
    [
      "its own findings heard",
      (text) => text.replace("logs.a,", "findings.>,"),
      "discovery-conflict 5",
      "hears its own findings",
    ],
    ["a line without a key", (text) => `${text}what is this\n`, "discovery-syntax 6", "is not KEY=VALUE"],
    ["a key twice", (text) => `${text}AGENT_NAME=B\n`, "discovery-syntax 6", "given twice"],
    ["a credential", (text) => `${text}AGENT_TOKEN=abc\n`, "plaintext-credential 6", "AGENT_TOKEN"],
  ])("%s", (_title, change, where, words) => {
    expect(pair(change(good))).toEqual([expect.stringContaining(words)]);
    expect(pair(change(good))[0]?.startsWith(`${where}: `)).toBe(true);
  });

  test.each([
    ["name", discovery("A", "b"), "AGENT_NAME of b/.env.discovery is A, as in a/.env.discovery"],
    [
      "findings topic",
      discovery("B", "a").replace("logs.a", "logs.b"),
      "DEFAULT_FINDINGS_TOPIC of b/.env.discovery is findings.a",
    ],
  ])("two agents of one %s", (_what, other, words) => {
    expect(found({ "a/.env.discovery": good, "b/.env.discovery": other })).toEqual([expect.stringContaining(words)]);
  });
});
