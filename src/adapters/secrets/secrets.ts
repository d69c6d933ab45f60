import { constants } from "node:fs";
import { open, realpath } from "node:fs/promises";
import { join, sep } from "node:path";
import { SecretError, type Secrets } from "../../ports/secrets.ts";

const BYTES_MAX = 64 * 1024;

/**
 * Secrets of this process's environment (`env:NAME`), and of files below one folder (`file:NAME`), read anew each time, since they are exchanged
 * under way. A link may lead to a file below the same folder, as those of Kubernetes do, and nowhere else.
 */
export function openSecrets(options: {
  environment: Readonly<Record<string, string | undefined>>;
  /** Undefined: there are no files. */
  directory: string | undefined;
}): Secrets {
  return {
    async resolve(reference) {
      const [, kind, name] = /^(env|file):([\w./-]{1,500})$/.exec(reference) ?? [];
      if (kind === undefined || name === undefined) throw new SecretError("a reference must be env:NAME or file:NAME");
      const text = kind === "env" ? options.environment[name] : await fileText(options.directory, name, reference);
      if (text === undefined || text === "") throw new SecretError(`${reference} is empty or not there`);
      return text;
    },
  };
}

async function fileText(directory: string | undefined, name: string, reference: string): Promise<string> {
  if (directory === undefined) throw new SecretError(`${reference} needs HMS_SECRETS_URL=file:DIRECTORY`);
  if (name.split("/").some((part) => part === "" || part.startsWith(".")))
    throw new SecretError(`${reference} does not name a file of the folder`);
  const unreadable = (error: unknown) =>
    new SecretError(`${reference} cannot be read (${(error as NodeJS.ErrnoException).code ?? "unknown"})`);
  const [folder, path] = await Promise.all([realpath(directory), realpath(join(directory, name))]).catch((error) => {
    throw unreadable(error);
  });
  if (!path.startsWith(folder.endsWith(sep) ? folder : folder + sep))
    throw new SecretError(`${reference} leads out of the folder`);
  // The path has no links by now: one that is put in its place meanwhile is not followed, and a pipe does not hold us up.
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch((error) => {
    throw unreadable(error);
  });
  try {
    if (!(await file.stat()).isFile()) throw new SecretError(`${reference} is not a file`);
    const bytes = Buffer.alloc(BYTES_MAX + 1);
    let length = 0;
    for (let read = -1; read !== 0 && length < bytes.length; length += read)
      ({ bytesRead: read } = await file.read(bytes, length, bytes.length - length, length));
    if (length > BYTES_MAX) throw new SecretError(`${reference} has more than ${BYTES_MAX} bytes`);
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(0, length)).replace(/\r?\n$/, "");
  } catch (error) {
    if (error instanceof SecretError) throw error;
    throw error instanceof TypeError ? new SecretError(`${reference} is not text`) : unreadable(error);
  } finally {
    await file.close();
  }
}
