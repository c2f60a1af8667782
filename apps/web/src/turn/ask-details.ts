import type { Turn, TurnFile } from "@docrelay/client";
import { showFoot, type FootActions } from "./answer-foot.ts";
import { element } from "../frame/element.ts";
import { failureBox, type FailureActions } from "./failure.ts";
import { openButton } from "../files/chip.ts";
import { createFeedback, type GiveFeedback } from "./feedback.ts";
import { createFollowUps } from "./follow-ups.ts";
import { inSentence } from "../files/file-name.ts";
import { missingLines } from "../files/missing.ts";
import type { AnswerText } from "../markdown/answer-text.ts";
import { createStatus } from "./status.ts";
import { createVersions } from "./versions.ts";
import { pageList, pageRun, size } from "../words/numbers.ts";
import { say } from "../words/say.ts";

export interface AskActions extends FailureActions, FootActions {
  readonly feedback: GiveFeedback;
  /** Cancels one waiting question. */
  stop(ask: Turn): void;
  /** The user chose a question that the engine suggests. */
  suggest(question: string): void;
}

/** What an ask's part of the page shows of its surroundings: the other asks, the server and the connection. */
export interface Place {
  /** How many earlier questions have to end before this one. */
  readonly ahead: number;
  /** Whether the server no longer has the ask. */
  readonly gone: boolean;
  /** Whether there is no connection now. */
  readonly offline: boolean;
  /** Whether the ask is the last one of the conversation. */
  readonly newest: boolean;
}

/** Everything of an ask except its question and its answer's text: files, versions, waiting line, error and buttons. */
export interface AskDetails {
  /** Returns the version of a turn that is to be shown: the newest, unless the user has stepped back. */
  choose(newest: Turn): Turn;
  /** Shows an ask; `isEarlier`: a newer version has replaced this one. */
  show(ask: Turn, place: Place, isEarlier: boolean): void;
  tick(): void;
}

/** Puts the details into the question's and the answer's part of the ask. `onStep`: the user chose another version. */
export function createAskDetails(
  { asked, answer, text }: { asked: HTMLElement; answer: HTMLElement; text: AnswerText },
  actions: AskActions,
  onStep: () => void,
): AskDetails {
  let shown: Turn | undefined;
  const files = element("div", { class: "foot" });
  const notes = element("div");
  const versions = createVersions(onStep);
  asked.append(files, notes, versions.root);
  const status = createStatus({ stop: () => shown && actions.stop(shown) });
  const failure = element("div");
  const foot = element("div", { class: "foot" });
  const feedback = createFeedback(actions.feedback);
  const followUps = createFollowUps(actions.suggest);
  answer.append(status.root, failure, foot, followUps.root);

  return {
    choose: versions.choose,
    show(ask, place, isEarlier) {
      status.show(ask, place);
      followUps.show(ask, place.newest && !place.gone);
      if (ask === shown) return;
      if (ask.files !== shown?.files) {
        files.replaceChildren(...ask.files.map((file, n) => fileChip(file, () => shown && actions.open(shown, n, 1))));
        notes.replaceChildren(...ask.files.flatMap((file) => fileNotes(file)));
      }
      if (changed(ask, shown, "id", "state", "error"))
        failure.replaceChildren(...(ask.state === "failed" && ask.error ? [failureBox(ask, actions)] : []));
      if (changed(ask, shown, "id", "state")) {
        const isOld = place.gone || isEarlier;
        showFoot(foot, ask, { answer: text, actions, isOld, feedback: feedback.root });
      }
      feedback.show(ask);
      shown = ask;
    },
    tick: () => status.tick(),
  };
}

function changed(ask: Turn, shown: Turn | undefined, ...keys: Array<keyof Turn>): boolean {
  return keys.some((key) => ask[key] !== shown?.[key]);
}

function fileChip({ name, size: bytes, pages }: TurnFile, open: () => void): HTMLElement {
  const about = [size(bytes), ...(pages === undefined ? [] : [say("pages", { n: pages })])].join(" · ");
  return element("span", { class: "chip" }, openButton(name, open), element("small", {}, about));
}

function fileNotes({
  name,
  pages: total = 0,
  missing = [],
  ocr = [],
  truncated = false,
  used,
}: TurnFile): HTMLElement[] {
  const lines = missingLines(missing);
  if (ocr.length > 0) lines.push(say("ocr", { n: ocr.length, list: pageList(ocr) }));
  if (truncated) lines.push(say("onlyBeginning"));
  if (used) lines.push(usedNote(used, total));
  return lines.map((what) => element("p", { class: "note" }, say("ofFile", { name: inSentence(name), what })));
}

/**
 * Returns a sentence that states which pages of a file were given to the engine. It is needed if the file was too long
 * for the prompt.
 */
function usedNote(used: NonNullable<TurnFile["used"]>, total: number): string {
  const count = used.reduce((sum, [from, to]) => sum + to - from + 1, 0);
  const list = used.map(([from, to]) => pageRun(from, to)).join(say("comma"));
  return count === 0 ? say("usedNone") : say("usedSome", { count, total, list });
}
