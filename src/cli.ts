import { Command, CommanderError, Option } from "commander";
import { checkConfigFile } from "./config/check-file.ts";
import { hmsJsonSchema } from "./config/json-schema.ts";
import type { LintFormat } from "./lint-agents.ts";
import { version } from "./version.ts";

/** EX_USAGE of sysexits.h is 64, but 2 is what shells and linters know; `config check` needs 1 for itself. */
const EXIT_USAGE = 2;

/** The `hms` command. Returns the exit code; `serve` returns only when it cannot start. */
async function hms(args: string[]): Promise<number> {
  let exitCode = 0;
  const program = new Command("hms")
    .description("HMS-SYS makes the pull request the control plane of delivery.")
    .version(version(), "--version", "print the version")
    .helpOption("--help", "print this text")
    .showSuggestionAfterError()
    .showHelpAfterError("(hms --help lists the commands)")
    .exitOverride();
  program
    .command("serve")
    .description("run the App on the environment, until SIGTERM (docs/configuration.md)")
    .action(async () => {
      await import("./main.ts");
      await new Promise(() => {});
    });
  program
    .command("try")
    .description(
      "what the gate would say about a pull request now; only reads. Exit code 0 allowed, 1 not, 2 nobody can say",
    )
    .argument("<pull>", "owner/repo#12, or its address")
    .option("--policy <bundle>", "a compiled OPA bundle (.tar.gz) to decide in place of the policy in force")
    .option("--json", "print the verdict with its facts as JSON")
    .action(async (pull: string, options: { policy?: string; json?: true }) => {
      const { tryPull } = await import("./try.ts");
      const { exitCode: code, out, err } = await tryPull(pull, options, process.env);
      process.stdout.write(out);
      process.stderr.write(err);
      exitCode = code;
    });
  program
    .command("doctor")
    .description(
      "say what is missing before pull requests are gated, and what mends it. Exit code 0 nothing, 1 something, 2 could not look everywhere",
    )
    .argument("[repositories...]", "owner/name; without any, all that are served, up to a limit")
    .option("--json", "for programs")
    .action(async (repositories: string[], options: { json?: true }) => {
      const odd = repositories.find((name) => !/^[\w.-]+\/[\w.-]+$/.test(name));
      if (odd !== undefined) program.error(`error: ${JSON.stringify(odd)} is not owner/name`);
      const { runDoctor } = await import("./run-doctor.ts");
      const { text, exitCode: code } = await runDoctor(process.env, repositories, options);
      process.stdout.write(text);
      exitCode = code;
    });
  const config = program.command("config").description("what stands in .github/hms.yml");
  config
    .command("check")
    .description("check a file; prints file:line:column: message. Exit code 0 valid, 1 problems, 2 not readable")
    .argument("<file>", "for instance .github/hms.yml")
    .option("--organisation", "the file is the organisation's own, in its .github repository")
    .action(async (file: string, options: { organisation?: true }) => {
      const scope = options.organisation ? "organisation" : "repository";
      const { lines, exitCode: code } = await checkConfigFile(file, { scope });
      for (const line of lines) (code === 2 ? process.stderr : process.stdout).write(`${line}\n`);
      if (code === 0) process.stderr.write(`${file}: valid\n`);
      exitCode = code;
    });
  config
    .command("schema")
    .description("print the JSON Schema of hms.yml, for editors")
    .action(() => {
      process.stdout.write(`${JSON.stringify(hmsJsonSchema(process.env.HMS_PUBLIC_URL || undefined), null, 2)}\n`);
    });
  const lint = program
    .command("lint")
    .description("look for what is wrong in files, without the App and without a network");
  lint
    .command("agents")
    .description(
      "agents' start-up configurations, .env.discovery files and sources, with a plan to mend them (docs/scans.md). Exit code 0 nothing found, 1 findings, 2 not readable or nothing to look at",
    )
    .argument("[directory]", "the project's root: script paths are looked up from here", ".")
    .addOption(
      new Option("--format <format>", "text, a plan as Markdown, or for programs")
        .choices(["text", "sarif", "json", "plan"])
        .default("text"),
    )
    .addOption(
      new Option("--mode <mode>", "warn: exit code 0 whatever is found").choices(["warn", "fail"]).default("fail"),
    )
    .option("--schema", "print the JSON Schema of start-up configurations and end")
    .action(async (directory: string, options: { format: LintFormat; mode: "warn" | "fail"; schema?: true }) => {
      const { runLintAgents, startupSchemaText } = await import("./lint-agents.ts");
      if (options.schema) {
        process.stdout.write(startupSchemaText());
        return;
      }
      const { exitCode: code, out, err } = await runLintAgents(directory, options);
      process.stdout.write(out);
      process.stderr.write(err);
      exitCode = code;
    });
  try {
    await program.parseAsync(args, { from: "user" });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT_USAGE;
    process.stderr.write(`hms: ${error instanceof Error ? error.message : "unknown error"}\n`);
    return 1;
  }
}

// Whoever reads may have seen enough: `hms lint agents . | head`.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  process.exit();
});
process.exitCode = await hms(process.argv.slice(2));
