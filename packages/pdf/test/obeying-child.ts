import { serveJobs } from "../src/child/jobs.ts";
import { enterSandbox } from "../src/child/sandbox.ts";
import { loadEngine } from "../src/engines/load-engine.ts";
import type { EngineName, PageEngine } from "../src/engines/page-engine.ts";

/*
 * The program of a child process for tests: the real child in the real sandbox, but if the text of a page is an order
 * of `obeying.ts`, the child misbehaves after reading this page. So the tests need no file that makes a PDF engine
 * misbehave.
 */

const MIB = 1_048_576;
const held: Uint8Array[] = [];

/** Takes memory and writes to it: only then is the memory resident. */
function hold(mebibytes: number): void {
  for (let count = 0; count < mebibytes; count++) held.push(new Uint8Array(MIB).fill(1));
}

const ORDERS: Readonly<Record<string, (amount: number) => void>> = {
  stall: () => {
    for (;;);
  },
  work(ms) {
    for (const end = performance.now() + ms; performance.now() < end;);
  },
  hold,
  grow: () => {
    for (;;) hold(16);
  },
  exit: (code) => process.exit(code),
};

function obeying(engine: PageEngine): PageEngine {
  return {
    async open(bytes, password) {
      const document = await engine.open(bytes, password);
      return {
        ...document,
        async read(page) {
          const read = await document.read(page);
          const text = read.lines.map((line) => line.text).join("\n");
          const [, order = "", amount] = /^order: (\w+)(?: (\d+))?$/m.exec(text) ?? [];
          ORDERS[order]?.(Number(amount));
          return read;
        },
      };
    },
  };
}

enterSandbox();
await serveJobs(async (name) => obeying(await loadEngine(name)), process.argv[2] as EngineName | undefined);
