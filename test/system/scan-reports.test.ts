import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { type Stage, setStage } from "../stage/stage.ts";
import {
  type Answer,
  answered,
  publicUrl,
  report,
  type StartedScan,
  sarifOf,
  scanned,
  started,
  toReport,
} from "./scans-scene.ts";
import { checks, concluded, gauge, metrics, type OpenedPull, openPull, until } from "./scene.ts";

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const OPERATOR = "an-operator-token-of-the-stage-0123456789";
let stage: Stage;
let pull: OpenedPull;
let scan: StartedScan;
let honest: Record<string, unknown>;
let token: string;

beforeAll(async () => {
  stage = await setStage({ environment: { HMS_OPERATOR_TOKEN: OPERATOR } });
  const repository = await scanned(stage, "{ leaks: { tool: sarif } }");
  pull = await openPull(stage, repository);
  scan = await started(stage, repository, pull.sha, "leaks");
  await until(stage, "its run is known", async () => {
    return gauge(await metrics(stage), 'hms_scans_total{kind="leaks",state="queued"}') === 1;
  });
  const playing = await toReport(stage, scan);
  token = playing.token;
  honest = stage.github.idTokenClaims(playing.jobId, publicUrl(stage));
});

afterAll(() => stage.close());

type Forgery = Parameters<Stage["github"]["mintOidcToken"]>[0];

const forged = (change: Record<string, unknown>, more: Forgery = {}): string =>
  stage.github.mintOidcToken({ ...more, claims: { ...honest, ...change } });
const send = (bearer: string, change: Parameters<typeof report>[4] = {}): Promise<Answer> =>
  answered(stage, scan, bearer, { sarif: sarifOf([]) }, change);
const nowS = (): number => Math.floor(Date.now() / 1000);
const workflow = (): string => String(honest.workflow_ref);

/** Each is the honest token but for what is named. */
test.each<[string, number, () => string]>([
  ["of another repository", 403, () => forged({ repository_id: "999999" })],
  ["of a repository of that name elsewhere", 403, () => forged({ repository: "mallory/shop" })],
  ["of another workflow", 403, () => forged({ workflow_ref: workflow().replace("hms-scan.yml", "ci.yml") })],
  [
    "of the workflow as a branch has it",
    403,
    () => forged({ workflow_ref: workflow().replace("heads/main", "heads/x") }),
  ],
  ["of a job of another file", 403, () => forged({ job_workflow_ref: workflow().replace("hms-scan.yml", "ci.yml") })],
  ["of another branch", 403, () => forged({ ref: "refs/heads/x" })],
  ["of a tag", 403, () => forged({ ref_type: "tag" })],
  ["of another run", 403, () => forged({ run_id: String(scan.runId + 1) })],
  ["of another attempt", 403, () => forged({ run_attempt: "2" })],
  ["of a run that a person started", 403, () => forged({ actor_id: "1" })],
  ["of another event", 403, () => forged({ event_name: "push" })],
  ["of a pull request's own run", 403, () => forged({ event_name: "pull_request" })],
  ["that is expired", 401, () => forged({ iat: nowS() - 900, nbf: nowS() - 900, exp: nowS() - 600 })],
  ["that is not valid yet", 401, () => forged({ nbf: nowS() + 600, iat: nowS() + 600, exp: nowS() + 900 })],
  ["of alg none", 401, () => forged({}, { key: "none" })],
  ["of a wrong key", 401, () => forged({}, { key: "foreign" })],
  ["for another audience", 401, () => forged({ aud: "https://elsewhere.example" })],
  ["of another issuer", 401, () => forged({ iss: "https://token.actions.githubusercontent.com" })],
  ["without a run", 401, () => forged({}, { unset: ["run_id"] })],
  ["without an audience", 401, () => forged({}, { unset: ["aud"] })],
  ["that is none", 401, () => "not.a.token"],
])("a token %s: %i", async (_, status, bearer) => {
  expect(await send(bearer())).toMatchObject({ status });
});

test.each<[string, number, Record<string, string>, string?]>([
  ["a wrong nonce", 403, { "hms-scan-nonce": "x".repeat(43) }],
  ["another commit", 403, { "hms-scan-sha": "f".repeat(40) }],
  ["another scan", 404, {}, "f".repeat(32)],
  ["the person's own token", 401, { authorization: "Bearer x" }],
  ["the operator's token", 401, { authorization: `Bearer ${OPERATOR}` }],
])("%s: %i", async (_, status, headers, id) => {
  expect(await send(token, { headers, ...(id === undefined ? {} : { id }) })).toMatchObject({ status });
});

test("none of it was a pass; it was counted and stands in the ledger; and the honest report is taken", async () => {
  for (const name of ["hms/gate", "hms/scan/leaks"])
    expect(checks(stage, pull.repository, pull.sha, name).map(({ conclusion }) => conclusion)).not.toContain("success");
  const text = await metrics(stage);
  expect(gauge(text, 'hms_scan_reports_total{result="wrong-claim"}')).toBe(12);
  expect(gauge(text, 'hms_scan_reports_total{result="wrong-token"}')).toBe(11);
  expect(gauge(text, 'hms_scan_reports_total{result="wrong-nonce"}')).toBe(1);
  const response = await fetch(`${stage.hms.url}/api/v1/ledger?type=scan_report_refused&limit=100`, {
    headers: { authorization: `Bearer ${OPERATOR}` },
  });
  const { items } = (await response.json()) as { items: { data: { why: string; scan: string } }[] };
  expect(new Set(items.map(({ data }) => data.why))).toEqual(
    new Set(["wrong-claim", "wrong-token", "wrong-nonce", "wrong-sha"]),
  );
  expect(new Set(items.map(({ data }) => data.scan))).toEqual(new Set([scan.inputs.scan]));
  expect(await send(token)).toMatchObject({ status: 202, code: "taken" });
  await concluded(stage, pull, "success", "hms/scan/leaks");
  await concluded(stage, pull, "success");
});

test("replayed: the same report again is fine, another one is not, nor is the token for another scan", async () => {
  expect(await send(token)).toMatchObject({ status: 202, code: "again" });
  const second = { sarif: sarifOf([{ rule: "planted", path: "a.txt" }]) };
  expect(await report(stage, scan, token, second)).toMatchObject({ status: 409, code: "scan-reported" });
  const other = await openPull(stage, pull.repository);
  const theirs = await started(stage, pull.repository, other.sha, "leaks");
  expect(await answered(stage, theirs, token, { sarif: sarifOf([]) })).toMatchObject({ status: 403 });
});
