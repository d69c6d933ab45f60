import type { Exported } from "./export-tree.ts";
import type { Git } from "./git.ts";
import type { Asked } from "./inputs.ts";
import type { Log } from "./sarif.ts";
import type { Unread } from "./unread.ts";

/** What a tool gets to work with. Folders are absolute. */
export interface Scene {
  asked: Asked;
  repository: Git;
  /** Empty, the tool's own: where it stands, its home, its temporary files. */
  scratch: string;
  /** The team's own rules on the default branch; need not exist. */
  rules: string;
  /** The folder of the commit's files, laid out on first asking. */
  exported(): Promise<Exported>;
  /** The program's path. */
  program: string;
  /** ms since the epoch. */
  deadlineMs: number;
}

export interface Scanned {
  log: Log;
  /** Paths are those that the tool was shown. */
  unread: Unread[];
}

/** All that a program gets of an environment. `path`: folders in which it finds the programs that it needs. */
export function bareEnvironment(scratch: string, path: readonly string[]): Record<string, string> {
  return {
    PATH: path.join(":"),
    HOME: scratch,
    TMPDIR: scratch,
    XDG_CACHE_HOME: scratch,
    XDG_CONFIG_HOME: scratch,
    LANG: "C.UTF-8",
    LC_ALL: "C.UTF-8",
  };
}
