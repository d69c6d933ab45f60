import { z } from "zod";
import type { Permissions } from "./permissions.ts";

const address = z.url({ protocol: /^https?$/ });

/** https://docs.github.com/apps/sharing-github-apps/registering-a-github-app-from-a-manifest#github-app-manifest-parameters */
const manifestSchema = z.object({
  name: z.string().min(1).max(34).optional(),
  url: address,
  hook_attributes: z.object({ url: address, active: z.boolean().optional() }).optional(),
  redirect_url: address.optional(),
  callback_urls: z.array(address).max(10).optional(),
  setup_url: address.optional(),
  description: z.string().optional(),
  public: z.boolean().optional(),
  default_events: z.array(z.string()).optional(),
  default_permissions: z.record(z.string(), z.enum(["read", "write", "admin"])).optional(),
  request_oauth_on_install: z.boolean().optional(),
  setup_on_update: z.boolean().optional(),
});

export type AppManifest = Omit<z.infer<typeof manifestSchema>, "default_permissions"> & {
  default_permissions?: Permissions | undefined;
};

/** What a form's field `manifest` holds, or the words of what is wrong with it. */
export function parseManifest(text: string | undefined): { manifest: AppManifest } | { problem: string } {
  if (text === undefined) return { problem: "Invalid GitHub App configuration: a manifest is required" };
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return { problem: "Invalid GitHub App configuration: the manifest is not valid JSON" };
  }
  const parsed = manifestSchema.safeParse(json);
  if (parsed.success) return { manifest: parsed.data as AppManifest };
  const [issue] = parsed.error.issues;
  return { problem: `Invalid GitHub App configuration: ${issue?.path.join(".")} ${issue?.message}` };
}

/** `HMS for Acme!` → `hms-for-acme` */
export function slugOf(name: string): string {
  return name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-+|-+$/g, "");
}
