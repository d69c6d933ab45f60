import { EgressError, type EgressReads } from "../../ports/egress.ts";
import type { Probe } from "../../ports/probe.ts";

/** Asks with one `GET`, of which only the status is looked at. Where it may go, and for how long, is the egress's to say. */
export function createProbe(egress: EgressReads): Probe {
  return {
    async ask(url, { path, status: wanted }) {
      const address = `${url.replace(/\/+$/, "")}/${path.replace(/^\/+/, "")}`;
      if (!URL.canParse(address)) return { ok: false, why: "The preview's address is not a URL." };
      try {
        const { status } = await egress.read("GET", address, { headers: { accept: "*/*" } });
        return status === wanted ? { ok: true } : { ok: false, why: `${address} answers ${status}, not ${wanted}.` };
      } catch (error) {
        if (!(error instanceof EgressError)) throw error;
        return { ok: false, why: `${address} cannot be asked: ${error.message}.` };
      }
    },
  };
}
