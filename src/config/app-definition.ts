import { readFileSync } from "node:fs";
import { parse } from "yaml";
import { z } from "zod";

const appDefinitionSchema = z.object({
  name: z.string(),
  description: z.string(),
  public: z.boolean(),
  default_events: z.array(z.string()),
  default_permissions: z.record(z.string(), z.enum(["read", "write", "admin"])),
});

/** What `app.yml` says that the App is to be: registered from it at set-up, held against it by the doctor. */
export type AppDefinition = z.infer<typeof appDefinitionSchema>;

export function readAppDefinition(): AppDefinition {
  return appDefinitionSchema.parse(parse(readFileSync(new URL("../../app.yml", import.meta.url), "utf8")));
}
