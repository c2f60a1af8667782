import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";

/** Removes the files that an earlier build has written to a folder. @throws Error when the folder holds other files */
export function emptyFolder(folder: string): void {
  if (existsSync(folder) && readdirSync(folder).length > 0 && !existsSync(join(folder, "search.json")))
    throw new Error(`${folder} is no site of an earlier build: name an empty folder, or remove it`);
  rmSync(folder, { recursive: true, force: true });
}
