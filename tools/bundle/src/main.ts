import { rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { buildProgram } from "./build.ts";
import { PROGRAMS, ROOT } from "./programs.ts";

/* `npm run build:programs`: builds every program into the folder `dist` of its app, whose old files are deleted first. */
for (const folder of new Set(PROGRAMS.map(({ target }) => dirname(join(ROOT, target)))))
  rmSync(folder, { recursive: true, force: true });
await Promise.all(PROGRAMS.map(buildProgram));
