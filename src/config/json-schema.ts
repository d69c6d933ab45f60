import { z } from "zod";
import { hmsFileSchema } from "./schema.ts";

/** JSON Schema of `hms.yml` for editors, as served at `/schema/hms.json`. `publicUrl` has no slash at its end. */
export function hmsJsonSchema(publicUrl = "https://hms.invalid"): Record<string, unknown> {
  const { $schema, ...schema } = z.toJSONSchema(hmsFileSchema, { io: "input", target: "draft-2020-12" });
  return { $schema, $id: `${publicUrl}/schema/hms.json`, title: "HMS-SYS configuration (.github/hms.yml)", ...schema };
}
