import { isSameFile, type Attachment } from "../files/attachment.ts";
import { chipOf, type Chip } from "../files/chip.ts";

/** The files that go with the next question, each shown as a small box (a chip). */
export interface Attached {
  readonly files: readonly Attachment[];
  /** Adds the files that are not attached yet. `isOld`: they were part of an earlier question. */
  add(files: readonly Attachment[], isOld?: boolean): void;
  /** Removes a file. Returns false when the file is not attached. */
  remove(file: Attachment): boolean;
  clear(): void;
  /**
   * Marks all attached files as asked about. A question without words may be asked only about new files, so that
   * pressing Enter twice asks once.
   */
  asked(): void;
  /** Whether a file is attached that no question was asked about. */
  readonly hasNew: boolean;
  chip(file: Attachment): Chip | undefined;
}

export function createAttached(
  list: HTMLUListElement,
  on: { open(file: Attachment): void; remove(file: Attachment): void },
): Attached {
  const chips = new Map<Attachment, Chip>();
  const old = new WeakSet<Attachment>();
  return {
    get files() {
      return [...chips.keys()];
    },
    add(files, isOld = false) {
      for (const file of files) {
        if (isOld) old.add(file);
        if ([...chips.keys()].some((other) => isSameFile(other, file))) continue;
        const chip = chipOf(file, { open: () => on.open(file), remove: () => on.remove(file) });
        chips.set(file, chip);
        list.append(chip.root);
      }
    },
    remove(file) {
      chips.get(file)?.root.remove();
      return chips.delete(file);
    },
    clear() {
      chips.clear();
      list.replaceChildren();
    },
    asked() {
      for (const file of chips.keys()) old.add(file);
    },
    get hasNew() {
      return [...chips.keys()].some((file) => !old.has(file));
    },
    chip: (file) => chips.get(file),
  };
}
