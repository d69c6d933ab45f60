import { EgressError, type EgressReads } from "../../ports/egress.ts";
import type { QualityLook } from "../../ports/quality-server.ts";
import { SecretError, type Secrets } from "../../ports/secrets.ts";

/** Why the server gave no answer that could be read. The message is a sentence of ours and quotes nothing. */
export class NoAnswer extends Error {
  override readonly name = "NoAnswer";
  readonly is: Exclude<QualityLook["is"], "analysed">;
  /** Where the server answered at all. */
  readonly status: number | undefined;

  constructor(is: Exclude<QualityLook["is"], "analysed">, message: string, status?: number) {
    super(message);
    this.is = is;
    this.status = status;
  }
}

export interface ApiOptions {
  /** Without a slash at the end. */
  url: string;
  /** A reference. */
  token: string;
  egress: EgressReads;
  secrets: Secrets;
}

/** Asks one question: `api/…` with its parameters, and gives back the JSON of the answer. */
export type Ask = (path: string, parameters: Readonly<Record<string, string>>) => Promise<unknown>;

/** All answers of one look together. A page of 500 issues has some 2 MB. */
const BYTES_MAX = 96 * 1024 * 1024;
const ANSWER_BYTES_MAX = 12 * 1024 * 1024;

/** Questions of one look: they share the budget of bytes. */
export function openApi({ url, token, egress, secrets }: ApiOptions): Ask {
  let left = BYTES_MAX;
  return async (path, parameters) => {
    const secret = await secrets.resolve(token).catch((error: unknown) => {
      if (error instanceof SecretError)
        throw new NoAnswer(
          "refused",
          "The token for SonarQube is not to be had; the operator's file names where it is.",
        );
      throw error;
    });
    // https://docs.sonarsource.com/sonarqube-server/extension-guide/web-api/ — `Bearer` since 10.0; older servers take the token as a user's name.
    const basic = Buffer.from(`${secret}:`).toString("base64");
    const query = new URLSearchParams(parameters);
    const maxBytes = Math.min(ANSWER_BYTES_MAX, left);
    if (maxBytes <= 0) throw new NoAnswer("unusable", "SonarQube's answers are too large to be taken.");
    const answer = await egress
      .read("GET", `${url}/${path}?${query}`, {
        headers: { authorization: `Basic ${basic}`, accept: "application/json" },
        maxBytes,
      })
      .catch((error: unknown) => {
        if (!(error instanceof EgressError)) throw error;
        if (error.tooLong) throw new NoAnswer("unusable", "SonarQube's answers are too large to be taken.");
        throw new NoAnswer("not-yet", "SonarQube does not answer.");
      });
    left -= Buffer.byteLength(answer.body);
    const { status } = answer;
    if (status !== 200) throw new NoAnswer(...sayingOf(status), status);
    if (!/^application\/json\b/i.test(answer.headers["content-type"] ?? "")) throw notJson(status);
    try {
      return JSON.parse(answer.body);
    } catch {
      throw notJson(status);
    }
  };
}

function notJson(status: number): NoAnswer {
  return new NoAnswer("refused", "What answers at SonarQube's address does not answer as SonarQube does.", status);
}

function sayingOf(status: number): [NoAnswer["is"], string] {
  if (status === 401) return ["refused", "SonarQube does not take the token of HMS-SYS (401)."];
  if (status === 403) return ["refused", "SonarQube does not let the token of HMS-SYS read this project (403)."];
  if (status === 404) return ["refused", "SonarQube knows no such project, or does not show it to HMS-SYS (404)."];
  if (status >= 300 && status < 400)
    return ["refused", `SonarQube leads elsewhere (${status}), which is not followed.`];
  if (status === 408 || status === 429 || status >= 500) return ["not-yet", `SonarQube cannot answer now (${status}).`];
  return ["refused", `SonarQube does not answer the question (${status}).`];
}
