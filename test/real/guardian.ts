import { spawn } from "node:child_process";
import { Socket } from "node:net";

/** Ends what a process started when that process is gone, whichever way it went: also after `kill -9`. */
export interface Guardian {
  /** From now on this process group ends with us. */
  guard(pid: number): void;
  release(pid: number): void;
  /** Ends what is still guarded and removes the directory, if there is one. Resolves when that is done. */
  dismiss(): Promise<void>;
}

// The shell reads until our end of the pipe closes. It has a session of its own, so an interrupt from a terminal does not reach it.
const SCRIPT = `
pids=
while read -r what pid; do
  case "$what" in
    guard) pids="$pids $pid " ;;
    release) pids="\${pids%% $pid *} \${pids#* $pid }" ;;
  esac
done
for pid in $pids; do kill -s KILL -- "-$pid" 2>/dev/null; done
# The directory goes when nobody writes there any more.
for turn in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
  left=
  for pid in $pids; do kill -s 0 -- "-$pid" 2>/dev/null && left=yes; done
  [ -z "$left" ] && break
  sleep 0.1
done
[ -z "$1" ] || rm -rf -- "$1"
`;

/** @param directory is removed at the end. */
export function startGuardian(directory = ""): Guardian {
  const child = spawn("/bin/sh", ["-c", SCRIPT, "guardian", directory], {
    stdio: ["pipe", "ignore", "inherit"],
    detached: true,
  });
  const gone = new Promise<void>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", () => resolve());
  });
  // It waits for us, we never for it.
  child.unref();
  if (child.stdin instanceof Socket) child.stdin.unref();
  return {
    guard: (pid) => child.stdin.write(`guard ${pid}\n`),
    release: (pid) => child.stdin.write(`release ${pid}\n`),
    async dismiss() {
      child.ref();
      child.stdin.end();
      await gone;
    },
  };
}
