import { runDemo } from "../../demo/run.ts";
import { type DemoStage, setDemoStage } from "../../demo/stage.ts";

/**
 * The demo on a stage with one thing broken, as named by the first argument: it has to notice. Neither the demo nor HMS-SYS knows of it:
 * what is broken is GitHub, the cluster, or the way there.
 */
const SABOTAGES: Record<string, (stage: DemoStage) => void> = {
  /** Whoever sets the protection forgets to pin the check to the App. */
  unpinned(stage) {
    const { as } = stage;
    stage.as = (login, method, path, body) =>
      method === "PUT" && path.endsWith("/protection")
        ? as(login, method, path, JSON.parse(JSON.stringify(body).replace(/,"app_id":\d+/, "")))
        : as(login, method, path, body);
  },
  /** Somebody lifts the protection before the merge button is pressed. */
  unprotected(stage) {
    const { as } = stage;
    stage.as = (login, method, path, body) => {
      if (path.endsWith("/merge")) stage.github.unprotect(stage.repository, "main");
      return as(login, method, path, body);
    };
  },
  /** A person quotes the key in a comment: somebody told it, and the last step has to say where. */
  gossip(stage) {
    const { as } = stage;
    stage.as = async (login, method, path, body) => {
      if (path.endsWith("/merge")) {
        const file = await as(login, "GET", `/repos/${stage.repository.fullName}/contents/src/pay.js?ref=pay`);
        const { content } = file.body as { content: string };
        const key = /"(sk_[^"]+)"/.exec(Buffer.from(content, "base64").toString())?.[1];
        if (key) await as(login, "POST", path.replace(/pulls\/(\d+)\/merge$/, "issues/$1/comments"), { body: key });
      }
      return as(login, method, path, body);
    };
  },
  /** Something of a closed pull request's preview stays on the cluster, where nobody looks for it. */
  leftover(stage) {
    const { as } = stage;
    stage.as = (login, method, path, body) => {
      const [, number] = /\/pulls\/(\d+)$/.exec(path) ?? [];
      if (method === "PATCH" && number !== undefined)
        stage.simulated.cluster.install({
          apiVersion: "v1",
          kind: "ConfigMap",
          metadata: {
            name: "forgotten",
            namespace: "kube-system",
            labels: { "hms-sys.dev/repository": String(stage.repository.id), "hms-sys.dev/pull": number },
          },
        });
      return as(login, method, path, body);
    };
  },
};

const [sabotage = "", ...flags] = process.argv.slice(2);
const code = await runDemo(["--exit", ...flags], async () => {
  const stage = await setDemoStage();
  SABOTAGES[sabotage]?.(stage);
  return stage;
});
process.exit(code);
