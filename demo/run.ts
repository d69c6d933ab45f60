import { createInterface } from "node:readline/promises";
import { parseArgs } from "node:util";
import { jsonPrinter, type Played, type Printer, textPrinter } from "./print.ts";
import { type DemoStage, Scene, setDemoStage } from "./stage.ts";
import type { Step } from "./steps.ts";
import { story } from "./story.ts";

const USAGE = `npm run demo -- [--exit] [--json] [--step]

Plays a pull request's life on a double of GitHub with HMS-SYS as a real process, and reads every step back.

  --exit   end with 0 if every step held, 1 with the step that did not
           (so it does by itself where the output is no terminal, as nobody could press Ctrl-C)
  --json   one JSON line a step on standard output: {step, title, ok, ms, observed, why?}
  --step   wait for Enter before each step
  --help   this text

Without --exit it stays up at the end and prints where to look, until Ctrl-C. A step that does not hold ends it with 1.
`;

type Options = { exit: boolean; json: boolean; step: boolean };

/** @param setStage what brings GitHub and HMS-SYS up; tests bring one that is broken on purpose. */
export async function runDemo(
  args: string[],
  setStage: () => Promise<DemoStage> = () => setDemoStage(),
): Promise<number> {
  const options = readOptions(args);
  if (typeof options === "number") return options;
  const printer = options.json ? jsonPrinter(process.stdout) : textPrinter(process.stdout);
  const begunMs = performance.now();
  const interrupted = interruption();
  let finished = false;
  printer.begin();
  const staging = setStage();
  const play = async (): Promise<number> => {
    const stage = await staging;
    const scene = new Scene(stage);
    const results = await playAll(scene, story(), printer, options);
    printer.end(results, performance.now() - begunMs);
    if (results.some((result) => !result.ok)) return 1;
    if (!options.exit) {
      finished = true;
      process.stderr.write(whereToLook(scene));
      await interrupted;
    }
    return 0;
  };
  try {
    return await Promise.race([play(), interrupted.then(() => (finished ? 0 : 130))]);
  } catch (error) {
    process.stderr.write(`demo: ${error instanceof Error ? error.message : error}\n`);
    return 1;
  } finally {
    await staging.then(
      (stage) => stage.close(),
      () => {},
    );
  }
}

async function playAll(scene: Scene, steps: Step[], printer: Printer, options: Options): Promise<Played[]> {
  const results: Played[] = [];
  const enter = options.step ? createInterface({ input: process.stdin }) : undefined;
  const lines = enter?.[Symbol.asyncIterator]();
  for (const [index, step] of steps.entries()) {
    printer.start(step, index + 1, steps.length, lines !== undefined);
    await lines?.next();
    const result = await playOne(scene, step, printer);
    results.push(result);
    printer.played(result);
    if (!result.ok) break;
  }
  enter?.close();
  return results;
}

async function playOne(scene: Scene, step: Step, printer: Printer): Promise<Played> {
  const observed: Record<string, string | number> = {};
  const begunMs = performance.now();
  const result = (why?: string): Played => ({
    step: step.name,
    title: step.title,
    ok: why === undefined,
    ms: Math.round(performance.now() - begunMs),
    observed,
    ...(why === undefined ? {} : { why: withoutKeys(why, scene.keys) }),
  });
  try {
    await step.play(scene, (label, value) => {
      const clean = typeof value === "string" ? withoutKeys(value, scene.keys) : value;
      observed[label] = clean;
      printer.observe(label, clean);
    });
    return result();
  } catch (error) {
    return result(error instanceof Error ? error.message : String(error));
  }
}

/** A step that finds a key printed must not print it once more. */
function withoutKeys(text: string, keys: string[]): string {
  return keys.reduce((clean, key) => clean.replaceAll(key, "<the key>"), text);
}

function readOptions(args: string[]): Options | number {
  const flag = { type: "boolean", default: false } as const;
  try {
    const { values } = parseArgs({ args, options: { exit: flag, json: flag, step: flag, help: flag } });
    if (values.help) {
      process.stdout.write(USAGE);
      return 0;
    }
    return { ...values, exit: values.exit || process.stdout.isTTY !== true };
  } catch (error) {
    process.stderr.write(`demo: ${error instanceof Error ? error.message : error}\n\n${USAGE}`);
    return 2;
  }
}

/** The first signal ends in good order, the second at once; neither leaves a child behind. */
function interruption(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
      process.once(signal, () => {
        process.on(signal, () => process.exit(130));
        resolve();
      });
  });
}

function whereToLook({ stage, preview }: Scene): string {
  const { hms, github, repository } = stage;
  const api = `${github.url}/repos/${repository.fullName}`;
  const places = [
    ["the portal", `${hms.url}/ (sign in as grace, password ${stage.token("grace")})`],
    ["what scans found", `${hms.url}/findings`],
    ["controls", `${hms.url}/compliance`],
    ...(preview
      ? [
          ["the fork's preview", `${preview.address}/`],
          ["its page", `${hms.url}/pulls/${repository.fullName}/${preview.number}/preview`],
        ]
      : []),
    ["metrics", `${hms.url}/metrics`],
    ["schema of hms.yml", `${hms.url}/schema/hms.json`],
    ["pull requests", `${api}/pulls?state=all`],
    ["checks of main", `${api}/commits/main/check-runs`],
    ["git", `git clone ${repository.cloneUrl}`],
  ];
  const lines = places.map(([name = "", place]) => `  ${name.padEnd(20)}${place}`);
  return `\nStill up, to look at. Ctrl-C ends it.\n${lines.join("\n")}\n`;
}

if (import.meta.main) process.exit(await runDemo(process.argv.slice(2)));
