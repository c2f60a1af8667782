import { fileURLToPath } from "node:url";

/** Settings of a process that can be told to die, or to be broken: see preload.ts. */
export const PRELOADED = { NODE_OPTIONS: `--import ${fileURLToPath(new URL("./preload.ts", import.meta.url))}` };
