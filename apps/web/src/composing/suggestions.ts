import type { Relay, UploadStatus } from "@docrelay/client";
import { showQuestions } from "./question-list.ts";
import type { Frame } from "../frame/frame.ts";
import { say } from "../words/say.ts";
import { headingsOf } from "./headings.ts";

/** Suggests first questions, made from the headings of the attached files. */
export interface Suggestions {
  /** Must be called when the text of an attached file is extracted. */
  about(file: File, status: UploadStatus): void;
  /** Drops the suggestions of a file that was removed; without `file`, all of them. */
  drop(file?: File): void;
}

/** If the extracted text of a file has more characters than this, it is not loaded to find suggestions. */
const MAX_CHARS = 400_000;

export function createSuggestions(
  frame: Frame,
  uploads: Relay["uploads"],
  choose: (question: string) => void,
): Suggestions {
  const list = frame.find("suggestions", HTMLUListElement);
  const known = new Map<File, readonly string[]>();

  function show(): void {
    const headings = [...new Set([...known.values()].flat())].slice(0, 3);
    const questions = headings.map((heading) => say("askAbout", { heading }));
    showQuestions(list, questions, choose);
  }
  return {
    about(file, { upload, chars = 0 }) {
      if (known.has(file) || chars > MAX_CHARS) return;
      known.set(file, []);
      uploads.text(upload).then(
        ({ pages }) => {
          if (!known.has(file)) return;
          known.set(file, headingsOf(pages));
          show();
        },
        () => undefined, // Suggestions are optional, so an error is ignored.
      );
    },
    drop(file) {
      if (file) known.delete(file);
      else known.clear();
      show();
    },
  };
}
