import { expect, test } from "vitest";
import { chart, check, type Files, inWeb, LINK } from "./files.ts";

test.each<[string, Files, string]>([
  [
    "an unlisted Helm repository",
    chart("dependencies: [{ name: redis, version: '1', repository: https://evil.dev }]"),
    "deploy/web/Chart.yaml dependency redis comes from https://evil.dev, which the operator has not allowed",
  ],
  [
    "…by its alias",
    chart("dependencies: [{ name: redis, version: '1', repository: '@stable' }]"),
    "deploy/web/Chart.yaml dependency redis comes from @stable, which the operator has not allowed",
  ],
  [
    "…in the lock only",
    chart(
      "dependencies: []",
      inWeb({ "Chart.lock": "dependencies: [{ name: redis, version: '1', repository: https://evil.dev }]" }),
    ),
    "deploy/web/Chart.lock dependency redis comes from https://evil.dev, which the operator has not allowed",
  ],
  [
    "…in Helm 2's file",
    chart(
      "name: web",
      inWeb({ "requirements.yaml": "dependencies: [{ name: r, version: '1', repository: 'oci://evil.dev/x' }]" }),
    ),
    "deploy/web/requirements.yaml dependency r comes from oci://evil.dev/x, which the operator has not allowed",
  ],
  [
    "…of a chart of this repository",
    chart("dependencies: [{ name: c, version: '1', repository: 'file://../common' }]", {
      "deploy/common/Chart.yaml": "dependencies: [{ name: r, version: '1', repository: 'https://evil.dev' }]",
    }),
    "deploy/common/Chart.yaml dependency r comes from https://evil.dev, which the operator has not allowed",
  ],
  [
    "a chart out of the repository",
    chart("dependencies: [{ name: c, version: '1', repository: 'file://../../../x' }]"),
    "deploy/web/Chart.yaml ../../../x leads out of the repository",
  ],
  [
    "an absolute chart",
    chart("dependencies: [{ name: c, version: '1', repository: 'file:///etc' }]"),
    "deploy/web/Chart.yaml /etc is not a relative path of this repository",
  ],
  [
    "dependencies in another case",
    chart("Dependencies: []"),
    "deploy/web/Chart.yaml Dependencies has to be written dependencies",
  ],
  [
    "…in another alphabet",
    chart("dependencie\u017f: []"),
    "deploy/web/Chart.yaml dependencie\u017f has to be written dependencies",
  ],
  [
    "a repository in another case",
    chart("dependencies: [{ name: r, Repository: https://evil.dev }]"),
    "deploy/web/Chart.yaml dependency r has an unknown key Repository",
  ],
  [
    "a packed chart",
    chart("name: w", inWeb({ "charts/r-1.tgz": "x" })),
    "deploy/web/charts/r-1.tgz is an archive, into which nobody looks: unpack it",
  ],
  [
    "a link in a chart",
    chart("name: w", inWeb({ "templates/x.yaml": LINK })),
    "deploy/web/templates/x.yaml is a symbolic link, which could lead anywhere",
  ],
  [
    "a schema that is fetched",
    chart("name: w", inWeb({ "values.schema.json": '{"a":[{"$ref":"http://169.254.169.254/"}]}' })),
    "deploy/web/values.schema.json refers to http://169.254.169.254/, which is not in it",
  ],
])("%s is refused", (_what, files, problem) => {
  expect(check(files)).toEqual([problem]);
});
