import type { SQLInputValue } from "node:sqlite";
import type { LedgerPlace, LedgerQuery } from "../../ports/ledger.ts";
import { prefixEnd } from "./prefix-end.ts";

/**
 * The statement of one query. A `+` keeps SQLite from an index that would have to be sorted afterwards: entries are read in the order in which
 * they are wanted, so that a page of a long ledger costs what the page costs.
 */
export function selectOf(query: LedgerQuery): { sql: string; values: SQLInputValue[] } {
  const conditions: string[] = [];
  const values: SQLInputValue[] = [];
  const where = (condition: string, ...given: SQLInputValue[]): void => {
    conditions.push(condition);
    values.push(...given);
  };
  const { id, stream, streams, subject, subjectPrefix, type, sinceMs, untilMs, before, after, limit } = query;
  // What leads to the fewest entries comes first; the rest only filters.
  if (id !== undefined) where("id = ?", id);
  const narrow = id !== undefined;
  if (subject !== undefined) where(`${narrow ? "+" : ""}subject = ?`, subject);
  if (stream !== undefined) where(`${narrow || subject !== undefined ? "+" : ""}stream = ?`, stream);
  if (streams !== undefined) where("+stream IN (SELECT value FROM json_each(?))", JSON.stringify(streams));
  if (subjectPrefix !== undefined) {
    const end = prefixEnd(subjectPrefix);
    where("subject >= ?", subjectPrefix);
    if (end !== undefined) where("subject < ?", end);
  }
  const led = narrow || subject !== undefined || stream !== undefined || subjectPrefix !== undefined;
  if (type !== undefined) where(`${led ? "+" : ""}type = ?`, type);
  if (sinceMs !== undefined) where("+at >= ?", sinceMs);
  if (untilMs !== undefined) where("+at < ?", untilMs);
  // Within one stream the sequence is the order, and has an index together with it.
  const inStream = stream !== undefined && !narrow && subject === undefined && subjectPrefix === undefined;
  const position = (place: LedgerPlace): SQLInputValue[] => [place.stream, place.sequence];
  if (before) where(`position < (${PLACE})`, ...position(before));
  if (after) where(`position > (${PLACE})`, ...position(after));
  // Says the same again, but lets the index begin there.
  if (inStream && before?.stream === stream) where("sequence < ?", before.sequence);
  if (inStream && after?.stream === stream) where("sequence > ?", after.sequence);
  const order = `${inStream ? "sequence" : "position"} ${after ? "ASC" : "DESC"}`;
  const all = conditions.length > 0 ? `WHERE ${conditions.join(" AND ")}` : "";
  return {
    sql: `SELECT * FROM ledger ${all} ORDER BY ${order} LIMIT ?`,
    values: [...values, Math.max(0, Math.trunc(limit))],
  };
}

const PLACE = "SELECT position FROM ledger WHERE stream = ? AND sequence = ?";
