import { policyWasm } from "./bundle-policy.ts";

const EXPORTS = 7;
const CODE = 10;

/** Code for {@link policyThat}, in WebAssembly's binary form; `opa_eval` has seven parameters of 32 bits and one result. */
export const bodies = {
  /** `loop: br loop` */
  loopsForever: () => [0x03, 0x40, 0x0c, 0x00, 0x0b, 0x00],
  /** `loop: memory.grow 1; drop; br loop` */
  takesAllMemory: () => [0x03, 0x40, 0x41, 0x01, 0x40, 0x00, 0x1a, 0x0c, 0x00, 0x0b, 0x00],
  /** Calls itself with its own parameters. */
  recursesForever: (self: number) => [
    ...[0, 1, 2, 3, 4, 5, 6].flatMap((parameter) => [0x20, parameter]),
    0x10,
    ...unsigned(self),
  ],
};

/** The default policy with other code in its entry function, as no honest compiler gives it. */
export function policyThat(body: (self: number) => number[]): Uint8Array {
  const self = functionIndex("opa_eval");
  const at = self - importedFunctions();
  return rewritten(CODE, (code) => {
    const [count, first] = leb(code, 0);
    const parts: Uint8Array[] = [Uint8Array.from(unsigned(count))];
    let offset = first;
    for (let i = 0; i < count; i++) {
      const [size, start] = leb(code, offset);
      const replaced = Uint8Array.from([0, ...body(self), 0x0b]);
      parts.push(
        i === at ? Uint8Array.from([...unsigned(replaced.length), ...replaced]) : code.slice(offset, start + size),
      );
      offset = start + size;
    }
    return Buffer.concat(parts);
  });
}

/** The default policy with a memory of its own beside the one that it is given. */
export function policyWithOwnMemory(): Uint8Array {
  return rewritten(6, (globals) => globals, Uint8Array.of(5, 3, 1, 0, 1));
}

function rewritten(id: number, change: (content: Uint8Array) => Uint8Array, before = new Uint8Array()): Uint8Array {
  const parts: Uint8Array[] = [policyWasm.slice(0, 8)];
  for (const section of sections()) {
    const content = section.id === id ? change(section.content) : section.content;
    if (section.id === id) parts.push(before);
    parts.push(Uint8Array.from([section.id, ...unsigned(content.length)]), content);
  }
  return Buffer.concat(parts);
}

function* sections(): Generator<{ id: number; content: Uint8Array }> {
  for (let offset = 8; offset < policyWasm.length; ) {
    const id = policyWasm[offset] ?? 0;
    const [size, start] = leb(policyWasm, offset + 1);
    yield { id, content: policyWasm.slice(start, start + size) };
    offset = start + size;
  }
}

function functionIndex(name: string): number {
  const content = [...sections()].find(({ id }) => id === EXPORTS)?.content ?? new Uint8Array();
  let [count, offset] = leb(content, 0);
  for (; count > 0; count--) {
    const [length, start] = leb(content, offset);
    const exported = new TextDecoder().decode(content.slice(start, start + length));
    const [index, next] = leb(content, start + length + 1);
    if (exported === name) return index;
    offset = next;
  }
  throw new Error(`the policy exports no ${name}`);
}

function importedFunctions(): number {
  const module = new (globalThis as unknown as { WebAssembly: WebAssemblyApi }).WebAssembly.Module(policyWasm);
  return (globalThis as unknown as { WebAssembly: WebAssemblyApi }).WebAssembly.Module.imports(module).filter(
    ({ kind }) => kind === "function",
  ).length;
}

interface WebAssemblyApi {
  Module: { new (bytes: Uint8Array): object; imports(module: object): { kind: string }[] };
}

/** An unsigned LEB128 number and where the next one begins. */
function leb(bytes: Uint8Array, start: number): [value: number, next: number] {
  let value = 0;
  let offset = start;
  for (let shift = 0; ; shift += 7) {
    const byte = bytes[offset++] ?? 0;
    value += (byte & 0x7f) * 2 ** shift;
    if (byte < 0x80) return [value, offset];
  }
}

function unsigned(value: number): number[] {
  const rest = Math.floor(value / 128);
  return rest === 0 ? [value] : [(value % 128) + 128, ...unsigned(rest)];
}
