import { readFileSync } from "node:fs";
import { sha256Hex } from "../../model/canonical-json.ts";
import type { Route } from "../route.ts";

interface Asset {
  /** Carries the content's hash: what a browser keeps under this path never changes. */
  path: string;
  contentType: string;
  text: string;
}

/** The one stylesheet and the one script of all pages. The script only adds: every page works without it. */
export const ASSETS = {
  style: asset("portal.css", "text/css; charset=utf-8"),
  script: asset("portal.js", "text/javascript; charset=utf-8"),
};

function asset(name: string, contentType: string): Asset {
  const text = readFileSync(new URL(name, import.meta.url), "utf8");
  return { path: `/assets/${name.replace(".", `-${sha256Hex(text).slice(0, 16)}.`)}`, contentType, text };
}

export function assetRoutes(): Route[] {
  return Object.values(ASSETS).map(({ path, contentType, text }) => ({
    method: "GET",
    path,
    access: "public",
    summary: "Style or script of the pages, named by its content.",
    handler: (context) =>
      context.body(text, 200, {
        "content-type": contentType,
        "cache-control": "public, max-age=31536000, immutable",
      }),
  }));
}
