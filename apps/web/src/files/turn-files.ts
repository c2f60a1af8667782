import type { Turn } from "@docrelay/client";
import type { StoredFile } from "./attachment.ts";

/** The files of a turn as stored on the server, so that any tab or device of the user may ask about them again. */
export function filesOf(turn: Pick<Turn, "files"> | undefined): StoredFile[] {
  return (turn?.files ?? []).flatMap(({ upload, name, size }) =>
    upload === undefined ? [] : [{ upload, name, size }],
  );
}
