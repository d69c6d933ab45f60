import { lookup } from "node:dns/promises";
import { judgeAddress } from "./adapters/egress/egress.ts";
import type { Settings } from "./config/settings.ts";
import type { AddressFacts } from "./doctor/cluster-facts.ts";
import { EgressError } from "./ports/egress.ts";
import { previewEgress } from "./previews.ts";

/** What the resolver says where a name is not in the DNS; everything else says nothing about the name. */
const NO_SUCH_NAME = ["ENOTFOUND", "ENODATA"];

/** Looks up and judges an address as the probe of a preview's readiness does. Nothing is sent there. */
export async function lookUpAddress(
  url: string,
  settings: Pick<Settings, "egressAllow" | "clusters">,
): Promise<AddressFacts> {
  let addresses: string[];
  try {
    addresses = (await lookup(new URL(url).hostname, { all: true })).map(({ address }) => address);
  } catch (error) {
    const { code = "error" } = error as NodeJS.ErrnoException;
    return NO_SUCH_NAME.includes(code) ? { found: false } : { unknown: code };
  }
  try {
    await judgeAddress(url, { ...previewEgress(settings), resolve: async () => addresses });
    return { found: true };
  } catch (error) {
    if (error instanceof EgressError) return { found: true, refused: error.message };
    throw error;
  }
}
