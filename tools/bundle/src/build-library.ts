import { cwd } from "node:process";
import { buildLibrary } from "./library.ts";

/* Builds the package in whose folder it is started. */

await buildLibrary(cwd());
