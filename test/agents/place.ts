/** The 1-based line on which `mark` stands; `mark@2` is its second occurrence. */
export function lineOf(text: string, mark: string): number {
  const [words = "", number = "1"] = mark.split("@");
  let at = -1;
  for (let left = Number(number); left > 0; left--) at = text.indexOf(words, at + 1);
  if (at < 0) throw new Error(`${mark} does not stand in the text`);
  return text.slice(0, at).split("\n").length;
}
