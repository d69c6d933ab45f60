import { at, type Stored } from "./fields.ts";
import { badRequest } from "./status.ts";

export type Test = (object: Stored) => boolean;

/** `a=b,c!=d,e,!f,g in (h,i),j notin (k)`: https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors */
export function labelSelector(text: string): Test {
  const terms = text.match(/(?:[^,(]|\([^)]*\))+/g) ?? [];
  const tests = terms.map((term) => labelTerm(term.trim()));
  return (object) => tests.every((test) => test(object.metadata.labels ?? {}));
}

function labelTerm(term: string): (labels: Record<string, string>) => boolean {
  const set = /^(\S+)\s+(in|notin)\s*\(([^)]*)\)$/.exec(term);
  if (set) {
    const [, name = "", operator, list = ""] = set;
    const values = list.split(",").map((value) => value.trim());
    return (labels) => values.includes(labels[name] ?? "\0") === (operator === "in");
  }
  const equality = /^([^=!\s]+)\s*(==|=|!=)\s*(\S*)$/.exec(term);
  if (equality) {
    const [, name = "", operator, value] = equality;
    return (labels) => (labels[name] === value) === (operator !== "!=");
  }
  if (/^!\s*[^=!\s]+$/.test(term)) return (labels) => !(term.slice(1).trim() in labels);
  if (/^[^=!\s]+$/.test(term)) return (labels) => term in labels;
  throw badRequest(
    `unable to parse requirement: found '${term}', expected: in, notin, =, ==, !=, gt, lt or end of string`,
  );
}

/** Of fields that have one value; custom resources know only a name and a namespace. */
export function fieldSelector(text: string): Test {
  const tests = text.split(",").map((term): Test => {
    const [, path = "", operator, value] = /^([^=!]+)(==|=|!=)(.*)$/.exec(term.trim()) ?? [];
    if (!operator) throw badRequest(`invalid selector: '${term}'; can't understand '${term}'`);
    return (object) => (String(at(object, ...path.split(".")) ?? "") === value) === (operator !== "!=");
  });
  return (object) => tests.every((test) => test(object));
}
