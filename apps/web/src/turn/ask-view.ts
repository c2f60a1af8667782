import { isOver, type Turn } from "@docrelay/client";
import { createAskDetails, type AskActions, type AskDetails, type Place } from "./ask-details.ts";
import { element } from "../frame/element.ts";
import { createAnswerText } from "../markdown/answer-text.ts";
import { whenNear, type Nearness } from "../markdown/near.ts";
import { stageOf } from "../reading/stage.ts";
import { say } from "../words/say.ts";

/**
 * One ask on the page. `show` changes only what is different. If an ask was answered before it came on the page, it has
 * only its question and the text of its answer until its `Nearness` is not `far` any more: making all parts of hundreds
 * of asks takes seconds.
 */
export interface AskElement {
  readonly root: HTMLLIElement;
  show(ask: Turn, place: Place): void;
  /** Updates the shown waiting time of the ask. Must be called about once a second. */
  tick(): void;
}

export function createAskElement(actions: AskActions): AskElement {
  const words = element("p", { class: "words", dir: "auto" });
  const text = createAnswerText();
  const asked = element("div", { class: "asked", part: "asked" }, spoken(say("youAsked")), words);
  const answer = element("div", { class: "answer", part: "answer" }, spoken(say("answer")), text.root);
  const root = element("li", { class: "ask" }, asked, answer);
  let shown: Turn | undefined;
  let newest: Turn | undefined;
  let place: Place | undefined;
  /** The details of the ask; undefined while the ask is `far` (out of sight), or its `Nearness` is not known yet. */
  let details: AskDetails | undefined;

  function begin(ask: Turn): void {
    if (!isOver(ask) || ask.text === "") return come("near");
    root.classList.add("far");
    text.come(undefined);
    whenNear(root, come);
  }
  function come(nearness: Nearness): void {
    if (nearness !== "far") {
      if (nearness !== "idle") root.classList.remove("far");
      details ??= createAskDetails({ asked, answer, text }, actions, showNewest);
      showNewest();
    }
    text.come(nearness);
  }
  function showNewest(): void {
    if (!newest || !place) return;
    const ask = details?.choose(newest) ?? newest;
    details?.show(ask, place, ask !== newest);
    if (ask === shown) return;
    if (ask.id !== shown?.id) text.plain(false);
    if (ask.question !== shown?.question) {
      words.textContent = ask.question;
      words.hidden = ask.question === "";
    }
    text.show(ask.text, isOver(ask));
    answer.dataset["state"] = stageOf(ask);
    answer.setAttribute("aria-busy", String(!isOver(ask)));
    shown = ask;
  }
  return {
    root,
    show(ask, at) {
      if (ask === newest && place && isSame(at, place)) return;
      const isFirst = newest === undefined;
      [newest, place] = [ask, at];
      root.classList.toggle("gone", at.gone);
      if (isFirst) begin(ask);
      showNewest();
    },
    tick: () => details?.tick(),
  };
}

/**
 * Returns a heading for screen readers that names the speaker. Headings let users of screen readers jump from one turn
 * to the next.
 */
function spoken(words: string): HTMLElement {
  return element("h2", { class: "hidden" }, words);
}

function isSame(one: Place, other: Place): boolean {
  return (
    one.ahead === other.ahead && one.gone === other.gone && one.offline === other.offline && one.newest === other.newest
  );
}
