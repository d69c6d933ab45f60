import { describe, expect, test } from "vitest";
import { findingsOf, placeHits } from "../../src/scan/secrets/hits.ts";

const SHA = "e".repeat(40);
const TOKEN = `gh${"p"}_${"a1B2".repeat(9)}`;

/** `number` tokens with `gap` between them and the hits that the tool reports for them. */
function tokens(number: number, gap: string, toolRule = "github/GITHUB_TOKEN") {
  const text = Array.from({ length: number }, () => TOKEN).join(gap);
  const step = TOKEN.length + gap.length;
  const hits = Array.from({ length: number }, (_, at) => ({
    toolRule,
    start: at * step,
    end: at * step + TOKEN.length,
  }));
  return { text, hits };
}

describe("a file that is made of hits", () => {
  test("5,000 in one line: the worst are listed, one finding counts the rest", () => {
    const { text, hits } = tokens(5000, " ");
    const findings = findingsOf({ path: "a.env", text }, SHA, hits);
    expect(findings).toHaveLength(201);
    expect(findings.at(-1)).toMatchObject({
      rule: "secrets/unscanned",
      severity: "high",
      message: "4800 further places in a.env look like secrets and are not listed.",
      location: { path: "a.env", commit: SHA },
    });
    expect(new Set(findings.map((finding) => finding.fingerprint)).size).toBe(201);
  });

  test("a severe one at the end is among those listed", () => {
    const { text, hits } = tokens(300, "\n", "stripe/STRIPE_SECRET_KEY_TEST");
    const last = hits.at(-1);
    if (last) last.toolRule = "github/GITHUB_TOKEN";
    const findings = findingsOf({ path: "a.env", text }, SHA, hits);
    expect(findings[0]).toMatchObject({ rule: "secrets/github-token", severity: "critical", location: { line: 300 } });
    expect(findings.at(-1)?.message).toMatch(/^100 further places/);
  });

  test("200 are listed as they are", () => {
    const { text, hits } = tokens(200, "\n");
    expect(findingsOf({ path: "a.env", text }, SHA, hits).every((one) => one.rule === "secrets/github-token")).toBe(
      true,
    );
  });
});

test("only what is near a hit is read: not its whole line", () => {
  const fingerprint = (before: string, after: string) =>
    placeHits("a.env", before + TOKEN + after, [
      { toolRule: "github/GITHUB_TOKEN", start: before.length, end: before.length + TOKEN.length },
    ])[0]?.fingerprint;
  const far = "x".repeat(1000);
  expect(fingerprint(`one${far}`, `${far}one`)).toBe(fingerprint(`another${far}`, `${far}another`));
  expect(fingerprint("one", "")).not.toBe(fingerprint("another", ""));
  const message = (after: string) =>
    findingsOf({ path: "a.env", text: TOKEN + after }, SHA, [
      { toolRule: "github/GITHUB_TOKEN", start: 0, end: TOKEN.length },
    ])[0]?.message;
  expect(message(" # gitleaks:allow")).toMatch(/suppression comment/);
  expect(message(`${far} # gitleaks:allow`)).not.toMatch(/suppression comment/);
});

test("a neighbour that reaches into the context is masked whole", () => {
  const { text, hits } = tokens(3, "=");
  const other = TOKEN.replaceAll("a1B2", "Z9y8");
  const changed = text.replace(TOKEN, other);
  const of = (value: string) => placeHits("a.env", value, hits).map((hit) => hit.fingerprint);
  // Those that stay are equal to one another, and so numbered.
  expect(of(changed).slice(1)).toEqual(of(text).slice(0, 2));
  expect(of(changed)[0]).not.toBe(of(text)[0]);
});

test("a fingerprint holds next to nothing of its secret: a guess is right by chance", () => {
  const of = (secret: string) =>
    placeHits("a.env", `key=${secret}`, [{ toolRule: "npm/NPM_ACCESS_TOKEN", start: 4, end: 4 + secret.length }])[0]
      ?.fingerprint;
  const all = Array.from({ length: 20_000 }, (_, at) => of(`hunter${at}`));
  expect(new Set(all).size).toBeLessThanOrEqual(4_096);
  expect(of("-----BEGIN\n  A\nB")).toBe(of("-----BEGIN\r\nA\r\nB"));
});
