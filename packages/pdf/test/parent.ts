import { join } from "node:path";
import { sharedCores } from "./shared-cores.ts";
import { startChild } from "../src/children/child-process.ts";

/* A program that starts a child, waits until the child is stuck in an endless loop, and prints the child's pid. */

const child = startChild("pdfium", sharedCores(), { entry: join(import.meta.dirname, "stuck-child.ts") });
const job = { bytes: new Uint8Array(), password: undefined, engine: "pdfium", maxPages: 1, maxTextBytes: 1 } as const;
for await (const _ of child.run(job, new AbortController().signal)) console.log(`stuck ${child.pid}`);
