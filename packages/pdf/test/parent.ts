import { join } from "node:path";
import { startChild } from "../src/children/child-process.ts";

/* A process whose child is stuck. Prints the child's process id when it is. */

const child = startChild("pdfium", join(import.meta.dirname, "stuck-child.ts"));
await child.ready;
child.onReport = () => console.log(`stuck ${child.pid}`);
child.send({ bytes: new Uint8Array(), password: undefined, engine: "pdfium", maxPages: 1, maxTextBytes: 1 });
