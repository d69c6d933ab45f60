import { join } from "node:path";
import { build } from "esbuild";

const ROOT = join(import.meta.dirname, "..");

/** Of the GitHub Action, the file that its runner starts. */
export const ACTION_BUNDLE = join(ROOT, "actions/scan/dist/index.js");

/** What the Action's sources give. The same sources give the same bytes in every directory. */
export async function actionBundle(): Promise<Uint8Array> {
  const { outputFiles } = await build({
    absWorkingDir: ROOT,
    entryPoints: ["actions/scan/src/main.ts"],
    outfile: "actions/scan/dist/index.js",
    bundle: true,
    write: false,
    platform: "node",
    target: "node24",
    format: "esm",
    // What is taken from packages that know only `require`.
    banner: { js: 'import { createRequire } from "node:module";\nconst require = createRequire(import.meta.url);' },
    minifySyntax: true,
    minifyWhitespace: true,
    lineLimit: 200,
    legalComments: "eof",
    // A folder of packages that is a link must not be told from one that is not.
    preserveSymlinks: true,
    tsconfigRaw: {},
    logLevel: "error",
  });
  const [file] = outputFiles;
  if (file === undefined) throw new Error("esbuild gave no bundle");
  return file.contents;
}
