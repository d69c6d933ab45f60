import { randomUUID } from "node:crypto";
import { gunzipSync } from "node:zlib";
import { ApiError, forbidden, notFound } from "../http/errors.ts";
import { ok, type RepositoryCall, type Router } from "../http/router.ts";
import { fullName } from "../state.ts";

const PACKED_MAX_BYTES = 10 * 1024 * 1024;
const RUNS_MAX = 20;
const RESULTS_MAX = 25_000;
/** Of more results of a run only so many are kept, the gravest. */
const RESULTS_KEPT = 5_000;

/** https://docs.github.com/rest/code-scanning/code-scanning#upload-an-analysis-as-sarif-data */
export function codeScanningRoutes(router: Router): void {
  router.repo("POST /code-scanning/sarifs", { needs: ["security_events:write"] }, upload);
  router.repo("GET /code-scanning/sarifs/{sarif_id}", { needs: ["security_events:read"] }, (call) => {
    const id = call.params.sarif_id ?? "";
    const found = call.site.state.actions.of(call.repository).sarifs.get(id);
    if (!found) throw notFound();
    const url = `${call.site.url}/repos/${fullName(call.repository)}/code-scanning/analyses?sarif_id=${id}`;
    return ok(
      found.status === "complete"
        ? { processing_status: "complete", analyses_url: url }
        : { processing_status: "failed", analyses_url: null, errors: found.errors },
    );
  });
}

/** What is plainly wrong is refused at once; what is over the limits only fails while it is processed. */
async function upload(call: RepositoryCall) {
  const { body, repository, site } = call;
  if (repository.archived) throw forbidden("Repository is archived");
  const sha = body.string("commit_sha");
  const ref = body.string("ref");
  const packed = body.string("sarif");
  if (!/^[0-9a-f]{40}$/.test(sha)) throw new ApiError(422, "commit_sha is not a commit");
  if (!/^refs\/(heads|tags)\/.+$|^refs\/pull\/\d+\/(head|merge)$/.test(ref))
    throw new ApiError(400, "ref must be a full reference");
  if (!(await repository.git.network.store.commit(sha))) throw new ApiError(404, "commit not found");
  const bytes = Buffer.from(packed, "base64");
  if (bytes.length > PACKED_MAX_BYTES) throw new ApiError(413, "sarif is too large");
  const runs = runsOf(bytes);
  const errors = [
    ...(runs.length > RUNS_MAX ? [`The SARIF file has ${runs.length} runs, more than ${RUNS_MAX}`] : []),
    ...runs.flatMap((results) =>
      results > RESULTS_MAX ? [`A run has ${results} results, more than ${RESULTS_MAX}`] : [],
    ),
  ];
  const id = randomUUID();
  site.state.actions.of(repository).sarifs.set(id, {
    ref,
    sha,
    results: runs.reduce((sum, results) => sum + Math.min(results, RESULTS_KEPT), 0),
    status: errors.length === 0 ? "complete" : "failed",
    errors,
  });
  const url = `${site.url}/repos/${fullName(repository)}/code-scanning/sarifs/${id}`;
  return { status: 202, body: { id, url } };
}

/** How many results each run has. */
function runsOf(packed: Buffer): number[] {
  const invalid = new ApiError(400, "sarif is not valid: it has to be gzip-compressed, Base64-encoded SARIF");
  let file: unknown;
  try {
    file = JSON.parse(gunzipSync(packed).toString("utf8"));
  } catch {
    throw invalid;
  }
  const { runs } = (file ?? {}) as { runs?: unknown };
  if (!Array.isArray(runs)) throw invalid;
  return runs.map((run: { results?: unknown[] }) => run.results?.length ?? 0);
}
