import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** The sources of one commit in a folder of their own, which is removed at the end. */
export interface Sources extends AsyncDisposable {
  readonly folder: string;
}

/** Unpacks another commit, branch or tag of this repository. */
export async function sourcesOf(root: string, commit: string): Promise<Sources> {
  const folder = await mkdtemp(join(tmpdir(), "docrelay-earlier-"));
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true });
  try {
    const archive = join(folder, "sources.tar");
    await run("git", ["-C", root, "archive", "--output", archive, commit]);
    await run("tar", ["-xf", archive, "-C", folder]);
    await rm(archive);
  } catch (error) {
    await remove();
    throw error;
  }
  return { folder, [Symbol.asyncDispose]: remove };
}
