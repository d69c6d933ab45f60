const MAX_HOPS = 40;
const MAX_PATH_CHARS = 4096;

/**
 * Where a link of the commit leads to, through other links: a path of the repository, "" for its root. Undefined: out of it, round and
 * round, or to what an absolute path means on another machine.
 */
export function leadsTo(link: string, targets: ReadonlyMap<string, string>): string | undefined {
  const done: string[] = [];
  let left = link.split("/");
  for (let hops = 0; left.length > 0; ) {
    const [part = "", ...rest] = left;
    left = rest;
    if (part === "" || part === ".") continue;
    if (part === "..") {
      if (done.pop() === undefined) return undefined;
      continue;
    }
    const target = targets.get([...done, part].join("/"));
    if (target === undefined) done.push(part);
    else {
      hops += 1;
      if (hops > MAX_HOPS || target.startsWith("/") || target.length + rest.length > MAX_PATH_CHARS) return undefined;
      left = [...target.split("/"), ...rest];
    }
  }
  return done.join("/");
}

/** All folders above these paths; "" is the root. */
export function foldersOf(paths: Iterable<string>): Set<string> {
  const folders = new Set([""]);
  for (const path of paths)
    for (let at = path.lastIndexOf("/"); at > 0; at = path.lastIndexOf("/", at - 1)) {
      const folder = path.slice(0, at);
      if (folders.has(folder)) break;
      folders.add(folder);
    }
  return folders;
}
