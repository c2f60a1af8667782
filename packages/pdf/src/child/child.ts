import { serveJobs } from "./jobs.ts";
import { enterSandbox } from "./sandbox.ts";
import { loadEngine } from "../engines/load-engine.ts";
import type { EngineName } from "../engines/page-engine.ts";

/*
 * The program of the process that reads untrusted files. The process has no environment, and may read only its own
 * program. The parent kills the process without asking it to end first. If the parent dies, the process ends by itself.
 */

enterSandbox();
await serveJobs(loadEngine, process.argv[2] as EngineName | undefined);
