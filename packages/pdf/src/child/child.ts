import { serveJobs } from "./jobs.ts";
import { enterSandbox } from "./sandbox.ts";
import { loadEngine } from "../engines/load-engine.ts";
import type { EngineName } from "../engines/page-engine.ts";

/*
 * The program of the process that reads untrusted files. The process has no environment and may read only its own
 * program. Its parent kills it without asking it to end first; without a parent it ends by itself.
 */

enterSandbox();
await serveJobs(loadEngine, process.argv[2] as EngineName | undefined);
