import { isOver, type Turn, type TurnFile } from "@docrelay/client";
import { showFoot, type FootActions } from "./answer-foot.ts";
import { element } from "../frame/element.ts";
import { failureBox, type FailureActions } from "./failure.ts";
import { openButton } from "../files/chip.ts";
import { createFeedback, type GiveFeedback } from "./feedback.ts";
import { createFollowUps } from "./follow-ups.ts";
import { inSentence } from "../files/file-name.ts";
import { missingLines } from "../files/missing.ts";
import { createAnswerText } from "../markdown/answer-text.ts";
import { stageOf } from "../reading/stage.ts";
import { createStatus } from "./status.ts";
import { createVersions } from "./versions.ts";
import { pageList, pageRun, size } from "../words/numbers.ts";
import { say } from "../words/say.ts";

export interface AskActions extends FailureActions, FootActions {
  readonly feedback: GiveFeedback;
  /** Ends one question that waits. */
  stop(ask: Turn): void;
  /** A question that the engine suggests is to be asked. */
  suggest(question: string): void;
  /** More of an answer is shown, and the page has grown. */
  drawn(): void;
}

/** Where an ask stands among the others. */
export interface Place {
  /** How many questions have to end before this one. */
  readonly ahead: number;
  /** Whether the server no longer has it. */
  readonly gone: boolean;
  /** Whether there is no connection now. */
  readonly offline: boolean;
  /** Whether nothing was asked after it. */
  readonly newest: boolean;
}

/** One ask on the page; `show` patches what has changed and nothing else. */
export interface AskElement {
  readonly root: HTMLLIElement;
  show(ask: Turn, place: Place): void;
  /** Shows for how long the ask has waited; call about once a second. */
  tick(): void;
}

export function createAskElement(actions: AskActions): AskElement {
  const words = element("p", { class: "words", dir: "auto" });
  const files = element("div", { class: "foot" });
  const notes = element("div");
  const answerText = createAnswerText(actions.drawn);
  const text = answerText.root;
  const status = createStatus({ stop: () => shown && actions.stop(shown) });
  const failure = element("div");
  const foot = element("div", { class: "foot" });
  const feedback = createFeedback(actions.feedback);
  const followUps = createFollowUps(actions.suggest);
  const versions = createVersions(() => newest && show(newest, place));
  const asked = element(
    "div",
    { class: "asked", part: "asked" },
    spoken(say("youAsked")),
    words,
    files,
    notes,
    versions.root,
  );
  const answer = element(
    "div",
    { class: "answer", part: "answer" },
    spoken(say("answer")),
    text,
    status.root,
    failure,
    foot,
    followUps.root,
  );
  const root = element("li", { class: "ask" }, asked, answer);
  let shown: Turn | undefined;
  let newest: Turn | undefined;
  let place: Place = { ahead: 0, gone: false, offline: false, newest: false };

  function show(given: Turn, at: Place): void {
    [newest, place] = [given, at];
    const ask = versions.choose(given);
    root.classList.toggle("gone", place.gone);
    status.show(ask, place);
    followUps.show(ask, place.newest && !place.gone);
    if (ask === shown) return;
    if (ask.id !== shown?.id) answerText.plain(false);
    if (ask.question !== shown?.question) {
      words.textContent = ask.question;
      words.hidden = ask.question === "";
    }
    if (ask.files !== shown?.files) {
      files.replaceChildren(...ask.files.map((file, n) => fileChip(file, () => shown && actions.open(shown, n, 1))));
      notes.replaceChildren(...ask.files.flatMap((file) => fileNotes(file)));
    }
    answerText.show(ask.text, isOver(ask));
    if (changed(ask, shown, "id", "state", "error"))
      failure.replaceChildren(...(ask.state === "failed" && ask.error ? [failureBox(ask, actions)] : []));
    if (changed(ask, shown, "id", "state"))
      showFoot(foot, ask, {
        answer: answerText,
        actions,
        isOld: place.gone || ask !== given,
        feedback: feedback.root,
      });
    feedback.show(ask);
    answer.dataset["state"] = stageOf(ask);
    answer.setAttribute("aria-busy", String(!isOver(ask)));
    shown = ask;
  }
  return {
    root,
    show,
    tick: () => status.tick(),
  };
}

/** Who speaks, for those who hear the page; headings let them jump from one to the next. */
function spoken(words: string): HTMLElement {
  return element("h2", { class: "hidden" }, words);
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

/** Which pages the engine was given, of a file that is too long for it. */
function usedNote(used: NonNullable<TurnFile["used"]>, total: number): string {
  const count = used.reduce((sum, [from, to]) => sum + to - from + 1, 0);
  const list = used.map(([from, to]) => pageRun(from, to)).join(say("comma"));
  return count === 0 ? say("usedNone") : say("usedSome", { count, total, list });
}
