import { fork, type ChildProcess } from "node:child_process";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import type { Job, Report } from "./child-messages.ts";
import type { EngineName } from "./page-engine.ts";

export interface Child {
  /** Resolves when it can take a file; rejects when it died before. */
  readonly ready: Promise<void>;
  readonly alive: boolean;
  readonly pid: number | undefined;
  send(job: Job): void;
  onReport: ((report: Report) => void) | undefined;
  /** It ended: killed, or by itself with a code. */
  onEnd: ((code: number | null) => void) | undefined;
  /** Resident memory in bytes; 0 when it cannot be told. */
  memory(): Promise<number>;
  kill(): void;
}

const ENTRY = join(import.meta.dirname, "child.ts");
const OLD_SPACE_MIB = 512;
const WASM_PAGES = (512 * 1024 * 1024) / 65_536;
function programFolders(): string[] {
  const require = createRequire(import.meta.url);
  const pdfParse = require.resolve("pdf-parse");
  const pdfjs = createRequire(pdfParse).resolve("pdfjs-dist/package.json");
  // pnpm and npm lay packages out differently: the folder that a package's own imports are found in, and its own.
  return [
    join(import.meta.dirname, ".."),
    ...[require.resolve("@embedpdf/pdfium"), pdfParse, pdfjs].map(packagesAround),
  ];
}

function packagesAround(file: string): string {
  return file.slice(0, file.lastIndexOf("node_modules") + "node_modules".length);
}

/**
 * Starts a child: no environment, V8 heap and WASM memory bounded (V8's heap limit bounds neither array buffers nor
 * WASM: that is what the watch over its resident memory is for), no files but its program, no processes, no threads.
 */
export function startChild(engine: EngineName, entry = ENTRY): Child {
  const process = fork(entry, [engine], {
    env: {},
    serialization: "advanced",
    stdio: ["ignore", "ignore", "ignore", "ipc"],
    execArgv: [
      `--max-old-space-size=${OLD_SPACE_MIB}`,
      `--wasm-max-mem-pages=${WASM_PAGES}`,
      "--no-warnings",
      "--permission",
      ...new Set(programFolders()).values().map((folder) => `--allow-fs-read=${folder}`),
    ],
  });
  return wrap(process);
}

function wrap(process: ChildProcess): Child {
  let alive = true;
  let settle: { ready(): void; died(error: Error): void } | undefined;
  const ready = new Promise<void>((resolve, reject) => {
    settle = { ready: resolve, died: reject };
  });
  ready.catch(() => undefined);
  const child: Child = {
    ready,
    get alive() {
      return alive;
    },
    pid: process.pid,
    send: (job) => void process.send(job, (error) => error && process.kill("SIGKILL")),
    onReport: undefined,
    onEnd: undefined,
    memory: () => residentBytes(process.pid),
    kill: () => void process.kill("SIGKILL"),
  };
  process.on("message", (report: Report) => {
    if (report.type === "ready") settle?.ready();
    else child.onReport?.(report);
  });
  process.on("error", () => undefined); // its end follows
  process.once("exit", (code) => {
    alive = false;
    settle?.died(new Error(`the child ended with ${code}`));
    child.onEnd?.(code);
  });
  return child;
}

const PAGE_BYTES = 4096;

async function residentBytes(pid: number | undefined): Promise<number> {
  try {
    const [, resident] = (await readFile(`/proc/${pid}/statm`, "utf8")).split(" ");
    return Number(resident) * PAGE_BYTES;
  } catch {
    return 0; // it has just ended, or this is no Linux: then the limits inside of the child are what bounds it
  }
}
