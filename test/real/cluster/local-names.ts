import promises from "node:dns/promises";
import { syncBuiltinESMExports } from "node:module";

/*
 * Loaded into the process of HMS-SYS before its own code: names below `localhost` are this machine's, as they are in every browser. Here they stand
 * for the addresses of previews, which an operator's DNS would know.
 */
const { lookup } = promises;
promises.lookup = (async (host: string, options: object) =>
  host.endsWith(".localhost") ? [{ address: "127.0.0.1", family: 4 }] : lookup(host, options)) as typeof lookup;
syncBuiltinESMExports();
