import type { Turn } from "@docrelay/client";
import { inSentence } from "../files/file-name.ts";
import { size, tryOf } from "../words.ts";

/** What is going on with an ask; `part`, how far it is (0 to 1), where that is known. */
export interface WaitingLine {
  readonly text: string;
  readonly part?: number;
}

/** From here on seconds are shown: before, they would only flicker. */
const SECONDS_FROM = 3;

/** `ahead`: how many questions of the same conversation have to end before this one. */
export function waitingLine(turn: Turn, ahead = 0): WaitingLine {
  const { progress, attempt } = turn;
  const name = (file: number | undefined): string => inSentence(turn.files[file ?? 0]?.name ?? "your file");
  if (progress?.stage === "waiting-for-engine" && attempt < (progress.attempt ?? 0)) {
    const next = progress.attempt && progress.attempt > 1 ? ` (${tryOf(progress.attempt, progress.of)})` : "";
    return { text: `The engine is restarting. Your question is asked as soon as it is back${next}…` };
  }
  const of = progress?.stage === "waiting-for-engine" ? progress.of : undefined;
  if (attempt > 1) return { text: `The engine is thinking, ${tryOf(attempt, of)}…` };
  if (attempt > 0) return { text: "The engine is thinking…" };
  if (progress?.stage === "uploading") {
    const { file, sent, size: all } = progress;
    return { text: `Sending ${name(file)} (${size(sent)} of ${size(all)})`, part: sent / Math.max(1, all) };
  }
  if (progress?.stage === "extracting") {
    const { page, pages } = progress;
    if (page === undefined || pages === undefined) return { text: `Reading ${name(progress.file)}…` };
    return { text: `Reading ${name(progress.file)}: page ${page} of ${pages}`, part: page / Math.max(1, pages) };
  }
  if (ahead > 0)
    return { text: ahead === 1 ? "Waiting for your earlier question" : `Waiting for your ${ahead} earlier questions` };
  if (progress?.stage === "asking") return { text: "The engine is thinking…" };
  if (progress?.stage === "queued" && progress.position && progress.position > 1)
    return { text: `Waiting: number ${progress.position} in line` };
  if (turn.state === "sending") return { text: "Sending…" };
  return { text: progress || turn.files.length === 0 ? "Waiting its turn…" : "Reading your files…" };
}

/** The line after it has stood for a while: how long is all that is known. */
export function withSeconds({ text, part }: WaitingLine, seconds: number): string {
  return part !== undefined || seconds < SECONDS_FROM ? text : `${text} ${seconds} s`;
}
