import { rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { buildProgram } from "./build.ts";
import { licencesOf } from "./licences.ts";
import { PROGRAMS, ROOT } from "./programs.ts";

/* Builds every program into the folder `dist` of its app, whose old files are deleted first. */

for (const [folder, programs] of Map.groupBy(PROGRAMS, ({ target }) => join(ROOT, dirname(target)))) {
  rmSync(folder, { recursive: true, force: true });
  const modules = await Promise.all(programs.map(buildProgram));
  writeFileSync(join(folder, "THIRD-PARTY-LICENCES.txt"), licencesOf(modules.flat()));
}
