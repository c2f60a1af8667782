import { serveJobs } from "./jobs.ts";
import { enterSandbox } from "./sandbox.ts";
import { loadEngine } from "../engines/load-engine.ts";
import type { EngineName } from "../engines/page-engine.ts";

/*
 * The program of the child process that reads untrusted files. Its first argument is the PDF engine that it loads at
 * once. The parent starts this process without environment variables, lets it read only the program and its libraries,
 * and kills it without a warning. The process ends by itself when its parent has ended.
 */

enterSandbox();
await serveJobs(loadEngine, process.argv[2] as EngineName | undefined);
