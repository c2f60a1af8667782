import type { Turn } from "@docrelay/client";
import { inSentence } from "../files/file-name.ts";
import { countWords } from "../reading/count-words.ts";
import { stageOf } from "../reading/stage.ts";
import { waitingLine } from "../reading/waiting-line.ts";
import { wordsFor } from "../words/errors.ts";
import { say } from "../words/say.ts";

/**
 * An answer with more words than this is not read out automatically, because a user cannot stop a screen reader in the
 * middle of an announcement.
 */
const READ_OUT_WORDS = 100;

/**
 * Returns the text that screen readers announce when a turn has come to another stage: the stage and, if it is short,
 * the complete answer; undefined if there is nothing to announce.
 */
export function announcementOf(before: Turn | undefined, turn: Turn | undefined): string | undefined {
  if (!before || !turn || stageOf(before) === stageOf(turn)) return undefined;
  switch (stageOf(turn)) {
    case "completed": {
      const words = countWords(turn.text);
      return words > READ_OUT_WORDS ? say("answerWords", { n: words }) : say("answerIs", { text: turn.text });
    }
    case "asking":
      return say("beingWritten");
    case "cancelled":
      return say("wasStopped");
    case "waiting":
      return waitingLine(turn).text;
    case "failed": {
      if (!turn.error) return undefined;
      const named = turn.files[turn.error.wire.file ?? -1]?.name;
      const { what, advice } = wordsFor(turn.error.wire, named === undefined ? undefined : inSentence(named));
      return `${what} ${advice}`;
    }
    case "sending":
      return undefined;
  }
}
