import { serveJobs } from "./jobs.ts";
import { enterSandbox } from "./sandbox.ts";
import { loadEngine } from "../engines/load-engine.ts";
import type { EngineName } from "../engines/page-engine.ts";

/*
 * The process that reads untrusted files. It has no environment and may read only its own program. The parent kills it
 * without asking it to end first. It ends by itself when its parent is gone.
 */

enterSandbox();
await serveJobs(loadEngine, process.argv[2] as EngineName | undefined);
