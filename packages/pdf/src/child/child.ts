import { serveJobs } from "./jobs.ts";
import { enterSandbox } from "./sandbox.ts";
import { loadEngine } from "../engines/load-engine.ts";
import type { EngineName } from "../engines/page-engine.ts";

/*
 * The process that reads untrusted files. It has no environment, may read only its own program, and is killed without a
 * request to end first; it ends by itself when its parent has gone.
 */

enterSandbox();
await serveJobs(loadEngine, process.argv[2] as EngineName | undefined);
