import { fileURLToPath } from "node:url";

/** The environment that loads preload.ts, for a process with failpoints or a broken variant. */
export const PRELOADED = { NODE_OPTIONS: `--import ${fileURLToPath(new URL("./preload.ts", import.meta.url))}` };
