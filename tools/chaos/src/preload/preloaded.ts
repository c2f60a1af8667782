import { fileURLToPath } from "node:url";

/** Environment of a process with failpoints or a broken variant: see preload.ts. */
export const PRELOADED = { NODE_OPTIONS: `--import ${fileURLToPath(new URL("./preload.ts", import.meta.url))}` };
