/**
 * A team's own scanner (tool `sarif`), as it stands at `.github/hms-scan/sarif` on the default branch: one flaw for each kind of scan that runs in
 * a workflow, found in what the commit really holds, or at the address that it is given.
 */
export const PLANTED_SCANNER = {
  program: String.raw`#!/usr/bin/env node
const { readdirSync, readFileSync, writeFileSync } = require("node:fs");
const { get } = require("node:http");
const { join, relative } = require("node:path");

const [, , folder, output] = process.argv;
const { HMS_KIND: kind, HMS_TARGET: target } = process.env;

const FLAWS = {
  sast: ["sql-injection", "9.1", /\.js$/, /\.query\([^)]*["'] \+/, "What somebody sends becomes part of the SQL statement."],
  leaks: ["internal-password", "9.8", /\.env$/, /^SHOP_PASSWORD=\w/, "A password of the shop stands here."],
  dependencies: ["CVE-2019-10744", "9.1", /package\.json$/, /"lodash": "4\.17\.4"/, "lodash 4.17.4 lets prototypes be changed; 4.17.12 does not."],
  iac: ["privileged-container", "8.0", /\.yaml$/, /privileged: true/, "The container may do what the node may."],
  image: ["end-of-life-base", "7.5", /Dockerfile$/, /^FROM node:8/, "Nobody mends this base image any more."],
  quality: ["debugger-statement", "7.0", /\.js$/, /^\s*debugger;/, "Execution stops here."],
};

function result(uri, message, line, text) {
  const region = line && { region: { startLine: line }, contextRegion: { startLine: line, endLine: line, snippet: { text } } };
  return { ruleId: rule, level: "error", message: { text: message }, locations: [{ physicalLocation: { artifactLocation: { uri }, ...region } }] };
}

function files() {
  const [, , name, pattern, message] = FLAWS[kind];
  return readdirSync(folder, { recursive: true, withFileTypes: true }).flatMap((entry) => {
    const path = join(entry.parentPath, entry.name);
    if (!entry.isFile() || !name.test(entry.name)) return [];
    return readFileSync(path, "utf8").split("\n").flatMap((text, at) =>
      pattern.test(text) ? [result(relative(folder, path), message, at + 1, kind === "leaks" ? "" : text)] : [],
    );
  });
}

// Names below localhost are this machine, which not every resolver knows.
function page() {
  const { host, port, pathname } = new URL(target);
  return new Promise((resolve, reject) => {
    get({ host: "127.0.0.1", port, path: pathname, headers: { host } }, (response) => {
      let text = "";
      response.on("data", (chunk) => { text += chunk; });
      response.on("end", () => resolve(/unescaped/.test(text) ? [result("index", "The page repeats what it is sent.")] : []));
    }).on("error", reject);
  });
}

const [rule, severity] = FLAWS[kind] ?? ["cross-site-scripting", "8.2"];
Promise.resolve(kind === "dast" ? page() : files()).then((results) => {
  const driver = { name: "shop-scanner", version: "1.0.0", rules: [{ id: rule, properties: { "security-severity": severity } }] };
  const invocations = [{ executionSuccessful: true }];
  writeFileSync(output, JSON.stringify({ version: "2.1.0", runs: [{ tool: { driver }, invocations, results }] }));
});
`,
};
