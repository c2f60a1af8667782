import type { Turn } from "@docrelay/client";
import { inSentence } from "../files/file-name.ts";
import { duration, size } from "../words/numbers.ts";
import { say } from "../words/say.ts";

/** The sentence about what happens with an ask now. `part` is its progress from 0 to 1, if known. */
export interface WaitingLine {
  readonly text: string;
  readonly part?: number;
}

/** The line shows the seconds only from this number on, because most waits are shorter. */
const SECONDS_FROM = 3;

/** `ahead`: how many earlier questions of the conversation have to end first. `offline`: nothing can be sent now. */
export function waitingLine(turn: Turn, ahead = 0, offline = false): WaitingLine {
  const { progress, attempt } = turn;
  if (offline && turn.state === "sending") return { text: say("waitingConnection") };
  const name = (file: number | undefined): string => inSentence(turn.files[file ?? 0]?.name ?? say("yourFile"));
  if (progress?.stage === "waiting-for-engine") {
    const { attempt: call = 0, of } = progress;
    if (attempt < call) return { text: say("engineRestarts") };
    if (attempt > 1 && of !== undefined) return { text: say("thinkingTry", { n: attempt, of }) };
  }
  if (attempt > 1) return { text: say("thinkingAgain", { n: attempt }) };
  if (attempt > 0) return { text: say("thinking") };
  if (progress?.stage === "uploading") {
    const { file, sent, size: all } = progress;
    const text = say("sendingFile", { name: name(file), sent: size(sent), all: size(all) });
    return { text, part: sent / Math.max(1, all) };
  }
  if (progress?.stage === "extracting") {
    const { page, pages } = progress;
    if (page === undefined || pages === undefined) return { text: say("readingFile", { name: name(progress.file) }) };
    const text = say("readingFilePage", { name: name(progress.file), page, pages });
    return { text, part: page / Math.max(1, pages) };
  }
  if (ahead > 0) return { text: say("waitingEarlier", { n: ahead }) };
  if (progress?.stage === "asking") return { text: say("thinking") };
  if (progress?.stage === "queued" && progress.position && progress.position > 1)
    return { text: say("inLine", { place: progress.position }) };
  if (turn.state === "sending") return { text: say(progress?.stage === "waiting" ? "waitingTurn" : "sending") };
  return { text: say(progress || turn.files.length === 0 ? "waitingTurn" : "readingFiles") };
}

/**
 * Adds the number of seconds for which the line has been shown. The number is added only if no other progress is known.
 */
export function withSeconds({ text, part }: WaitingLine, seconds: number): string {
  return part !== undefined || seconds < SECONDS_FROM ? text : `${text} ${duration(seconds * 1000, 0)}`;
}
