import type { Octokit } from "@octokit/rest";
import { buildTown, type Town } from "./town.ts";

export const WORKFLOW = `name: hms-scan
run-name: hms-scan \${{ inputs.kind }} \${{ inputs.scan }}
on:
  workflow_dispatch:
    inputs:
      scan: { required: true, type: string }
      kind: { required: true, type: choice, options: [sast, iac] }
      deep: { type: boolean, default: true }
      note: { default: nothing }
permissions: {}
jobs:
  scan:
    runs-on: ubuntu-latest
    permissions: { contents: read }
    steps: [{ run: "true" }]
  report:
    needs: scan
    runs-on: ubuntu-latest
    environment: hms
    permissions: { id-token: write }
    steps: [{ run: "true" }]
`;
export const FILE = "hms-scan.yml";
export const PERMISSIONS = {
  actions: "write",
  security_events: "write",
  actions_variables: "read",
  contents: "write",
} as const;

/** Inputs that the workflow takes. */
export const GIVEN = { scan: "abc", kind: "sast" };

/** The town with a workflow on its default branch, and an App that may start it. */
export async function buildActionsTown(): Promise<Town> {
  const town = await buildTown();
  town.github.changeApp(town.app, { permissions: PERMISSIONS, events: ["workflow_run"] });
  town.github.acceptPermissions(town.installationId);
  await town.github.commit(town.shop, "main", {
    files: { [`.github/workflows/${FILE}`]: WORKFLOW },
    author: "alice",
    message: "Scan",
  });
  return town;
}

/** As the App's bot, asking for the run's details. */
export function dispatch(
  { octokit, repo }: Town,
  inputs: Record<string, unknown>,
  more: { ref?: string; file?: string; as?: Octokit } = {},
) {
  return (more.as ?? octokit).request("POST /repos/{owner}/{repo}/actions/workflows/{workflow_id}/dispatches", {
    ...repo,
    workflow_id: more.file ?? FILE,
    ref: more.ref ?? "main",
    inputs,
    return_run_details: true,
  });
}
