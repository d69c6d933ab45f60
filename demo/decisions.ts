import type { Scene } from "./stage.ts";
import { hold, type Step } from "./steps.ts";

interface Row {
  id: string;
  number: number;
  outcome: string;
}
interface Replayed {
  same: boolean;
  inputDigest: string;
}
interface WhatIf {
  judged: number;
  merges: { total: number; blocked: number };
  changes: { decision: { number: number }; to: string; rules: { rule: string }[] }[];
}

/** Asks HMS-SYS's own API as a machine with the operator token. */
async function asked<T>(scene: Scene, method: string, path: string, body?: object): Promise<T> {
  const response = await fetch(`${scene.stage.hms.url}/api/v1${path}`, {
    method,
    headers: {
      authorization: `Bearer ${scene.stage.environment.HMS_OPERATOR_TOKEN}`,
      ...(body ? { "content-type": "application/json" } : {}),
    },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
  hold(response.status === 200, `${method} /api/v1${path} answered ${response.status}`);
  return (await response.json()) as T;
}

/** What was decided is asked again: from the stored facts, and as it would have been under another rule. */
export const explained = (number: () => number): Step => ({
  name: "explained",
  title: "Every decision can be asked again, and what another rule would have done",
  async play(scene, observe) {
    const { items } = await asked<{ items: Row[] }>(scene, "GET", "/decisions?limit=200");
    const own = items.filter((row) => row.number === number());
    hold(own.length > 0, `no decision about #${number()} is stored`);
    for (const row of items) {
      const { same } = await asked<Replayed>(scene, "POST", `/decisions/${row.id}/replay`);
      hold(same, `decision ${row.id} came out otherwise`);
    }
    observe(
      "replayed",
      `${items.length} decisions from their stored facts, all the same, ${own.length} of them about #${number()}`,
    );
    const patch = { config: { approvals: { count: 1 } } };
    const report = await asked<WhatIf>(scene, "POST", "/what-if?days=30", { patch });
    hold(report.merges.total === 1 && report.merges.blocked === 1, `what-if: ${JSON.stringify(report.merges)}`);
    const change = report.changes.find((one) => one.decision.number === number());
    const rules = [...new Set(change?.rules.map(({ rule }) => rule))].join(", ");
    observe(
      "what if",
      `one approval were asked for: ${report.merges.blocked} of ${report.merges.total} merge would have waited (${rules})`,
    );
  },
});
