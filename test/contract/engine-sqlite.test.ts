import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openSqlite } from "../../src/adapters/sqlite/engine.ts";
import { engineContract } from "./engine-contract.ts";

engineContract("sqlite", async (options) => {
  const directory = mkdtempSync(join(tmpdir(), "hms-sqlite-"));
  const path = join(directory, "hms.db");
  const opened = {
    engine: await openSqlite({ path, ...options }),
    async reopen() {
      await opened.engine.close();
      opened.engine = await openSqlite({ path, ...options });
      return opened.engine;
    },
    async dispose() {
      await opened.engine.close();
      rmSync(directory, { recursive: true });
    },
  };
  return opened;
});
