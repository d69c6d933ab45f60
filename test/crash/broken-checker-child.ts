import { compose } from "../../src/compose.ts";
import { readSettings } from "../../src/config/settings.ts";
import type { Verdict } from "../../src/model/verdict.ts";

/** `src/main.ts` whose checker is broken in the way that `BROKEN_CHECKER` names. */
const answers: Record<string, () => Verdict> = {
  throws: () => {
    throw new Error("the checker is away");
  },
  nothing: () => ({ allow: false, deny: [], waiting: [], warn: [] }),
  "allow-not-true": () => ({ allow: "yes" as unknown as boolean, deny: [], waiting: [], warn: [] }),
};

const read = readSettings(process.env);
if (!("settings" in read)) throw new Error("problems" in read ? read.problems.join("\n") : "no credentials");
await compose(read.settings, {
  checker: (checker) => ({
    revision: () => `${checker.revision()}-broken`,
    evaluate: async () => {
      const answer = answers[process.env.BROKEN_CHECKER ?? ""];
      if (!answer) throw new Error("BROKEN_CHECKER names no way to be broken");
      return { verdict: answer(), bundleRevision: `${checker.revision()}-broken` };
    },
  }),
});
