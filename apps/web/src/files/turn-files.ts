import type { Turn } from "@docrelay/client";
import type { StoredFile } from "./attachment.ts";

/** Returns the files of a turn that the server has as uploads: any device of the user can ask about these again. */
export function filesOf(turn: Pick<Turn, "files"> | undefined): StoredFile[] {
  return (turn?.files ?? []).flatMap(({ upload, name, size }) =>
    upload === undefined ? [] : [{ upload, name, size }],
  );
}
