/** The part of the standard's JavaScript interface that is used here; TypeScript ships it only with the DOM's types. */
declare namespace WebAssembly {
  class Module {
    private readonly brand;
    static exports(module: Module): { name: string; kind: string }[];
  }
  interface Instance {
    readonly exports: Record<string, unknown>;
  }
  interface WebAssemblyInstantiatedSource {
    readonly module: Module;
    readonly instance: Instance;
    readonly exports: Record<string, unknown>;
  }
  interface Memory {
    readonly buffer: ArrayBuffer;
  }
  interface MemoryDescriptor {
    initial?: number;
    maximum?: number;
  }
  function compile(bytes: Uint8Array<ArrayBuffer>): Promise<Module>;
}
