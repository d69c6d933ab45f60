/** The lines of a stream, without their ends. Throws where one is longer than `maxBytes`. */
export async function* linesOf(stream: AsyncIterable<Buffer>, maxBytes: number): AsyncGenerator<string> {
  let rest: Buffer[] = [];
  let restBytes = 0;
  for await (const chunk of stream) {
    let start = 0;
    for (let end = chunk.indexOf(10); end !== -1; end = chunk.indexOf(10, start)) {
      const line = Buffer.concat([...rest, chunk.subarray(start, end)]).toString("utf8");
      rest = [];
      restBytes = 0;
      start = end + 1;
      if (line !== "") yield line;
    }
    restBytes += chunk.length - start;
    if (restBytes > maxBytes) throw new RangeError("a line is too long");
    if (start < chunk.length) rest.push(chunk.subarray(start));
  }
}
