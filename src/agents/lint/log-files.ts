import type { Position } from "../../model/text-position.ts";
import type { Flaw } from "./rules.ts";
import { record, type StartupFile } from "./startup-file.ts";
import { shown } from "./text.ts";

const LOG_FILE = /^log_?(?:file|path|file_?name|file_?path)$/i;
const ROTATION = /rotat|max_?(?:bytes|size)|backup|retention|(?:^|_)when$/i;

/** Agents whose `config` names a log file and nothing beside it that limits it. */
export function startupLogFlaws(file: StartupFile): Flaw[] {
  return file.agents.flatMap(({ name, place, config }) => {
    const own = record(config);
    const inner = record(own?.logging);
    return [
      { keys: own, at: ["config"] },
      { keys: inner, at: ["config", "logging"] },
    ].flatMap(({ keys, at }): Flaw[] => {
      const key = Object.keys(keys ?? {}).find((each) => LOG_FILE.test(each));
      if (!keys || key === undefined || !keys[key] || Object.keys(keys).some((each) => ROTATION.test(each))) return [];
      return [
        {
          ...{ rule: "log-rotation", path: file.path, ...file.at([...place, ...at, key]) },
          message: `${shown(name)} writes a log file that is never rotated (${key} without a size or number of files).`,
          ...{ subject: [name, key], agents: [name], facts: { path: file.path, agent: name, what: key } },
        },
      ];
    });
  });
}

/** A handler of Python's logging configuration, in YAML or JSON, that only appends. */
export function textLogFlaws(path: string, text: string, at: Position): Flaw[] {
  return [...text.matchAll(/(?<=["']?class["']?[ \t]{0,10}:[ \t]{0,10}["']?)logging\.FileHandler\b/g)].map((match) => ({
    ...{ rule: "log-rotation", path, ...at(match.index) },
    message: `${shown(path)} sets up a log file that is never rotated (logging.FileHandler).`,
    ...{ subject: ["FileHandler"], agents: [], facts: { path, agent: path, what: "logging.FileHandler" } },
  }));
}
