/** One ref update of a push; undefined stands for git's zero id. */
export type RefCommand = { ref: string; before: string | undefined; after: string | undefined };

const ZERO = "0".repeat(40);

/** The command list in front of the pack: https://git-scm.com/docs/pack-protocol#_reference_update_request_and_packfile_transfer */
export function parseCommands(body: Buffer): { commands: RefCommand[]; capabilities: string[] } {
  const commands: RefCommand[] = [];
  let capabilities: string[] = [];
  let at = 0;
  while (at + 4 <= body.length) {
    const length = Number.parseInt(body.toString("latin1", at, at + 4), 16);
    if (!length) break;
    const [command = "", features] = body
      .toString("utf8", at + 4, at + length)
      .replace(/\n$/, "")
      .split("\0");
    if (features !== undefined) capabilities = features.trim().split(" ");
    const [before = ZERO, after = ZERO, ref = ""] = command.split(" ");
    commands.push({ ref, before: before === ZERO ? undefined : before, after: after === ZERO ? undefined : after });
    at += length;
  }
  return { commands, capabilities };
}

/** The report a client prints as `! [remote rejected] main -> main (reason)`; no command of the push is carried out. */
export function refusal(commands: RefCommand[], reasons: Map<string, string>, capabilities: string[]): Buffer {
  const lines = commands.map(({ ref }) => pktLine(`ng ${ref} ${reasons.get(ref) ?? "atomic transaction failed"}\n`));
  const report = Buffer.concat([pktLine("unpack ok\n"), ...lines, Buffer.from("0000")]);
  if (!capabilities.some((name) => name.startsWith("side-band"))) return report;
  const message = Buffer.from("\x02error: GH006: Protected branch update failed.\n");
  return Buffer.concat([pktLine(message), pktLine(Buffer.concat([Buffer.from("\x01"), report])), Buffer.from("0000")]);
}

function pktLine(content: string | Buffer): Buffer {
  const data = Buffer.from(content as string);
  return Buffer.concat([Buffer.from((data.length + 4).toString(16).padStart(4, "0")), data]);
}
