import type { Turn } from "@docrelay/client";
import { progressOf, stageOf } from "./ask-view.ts";
import { wordsFor } from "./words.ts";

/** What a screen reader says of a turn that has changed: its stages and its whole answer, not every word of it. */
export function announcementOf(before: Turn | undefined, turn: Turn | undefined): string | undefined {
  if (!before || !turn || stageOf(before) === stageOf(turn)) return undefined;
  switch (stageOf(turn)) {
    case "completed":
      return `Answer: ${turn.text}`;
    case "asking":
      return "The answer is being written.";
    case "cancelled":
      return "The answer was stopped.";
    case "waiting":
      return progressOf(turn).text;
    case "failed": {
      if (!turn.error) return undefined;
      const { file } = turn.error.wire;
      const { what, advice } = wordsFor(turn.error.wire, turn.files[file ?? -1]?.name);
      return `${what} ${advice}`;
    }
    case "sending":
      return undefined;
  }
}
