import { mkdir, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { ACTION_BUNDLE, actionBundle } from "./action-bundle.ts";

/** `npm run actions`: bundles the GitHub Action, which is committed as it is run. */
const bundle = await actionBundle();
await mkdir(dirname(ACTION_BUNDLE), { recursive: true });
await writeFile(ACTION_BUNDLE, bundle);
console.log(`actions/scan/dist/index.js: ${bundle.length} bytes`);
