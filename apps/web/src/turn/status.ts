import { isOver, type Turn } from "@docrelay/client";
import { element } from "../frame/element.ts";
import { waitingLine, withSeconds, type WaitingLine } from "../reading/waiting-line.ts";
import { say } from "../words/say.ts";

/** The line under a question that tells what the question waits for, or that the user has stopped it. */
export interface Status {
  readonly root: HTMLElement;
  show(ask: Turn, place: { readonly ahead: number; readonly gone: boolean; readonly offline: boolean }): void;
  tick(): void;
}

export function createStatus(on: { stop(): void }): Status {
  const text = element("span");
  const stop = element("button", { type: "button", class: "drop-ask", title: say("doNotAsk"), click: on.stop }, "×");
  const line = element("p", { class: "status" }, text);
  const bar = element("progress", { max: 1 });
  const root = element("div", { class: "waiting" }, line, stop, bar);
  let waiting: WaitingLine | undefined;
  let since = performance.now();

  function tick(): void {
    if (waiting) text.textContent = withSeconds(waiting, Math.floor((performance.now() - since) / 1000));
  }
  return {
    root,
    show(ask, { ahead, gone, offline }) {
      const isWaiting = !isOver(ask) && ask.text === "" && !gone;
      const next = isWaiting ? waitingLine(ask, ahead, offline) : undefined;
      if (next?.text !== waiting?.text) since = performance.now();
      waiting = next;
      root.hidden = !isWaiting && ask.state !== "cancelled";
      line.classList.toggle("busy", isWaiting);
      // This button stops a waiting question. While the answer is being written, it is hidden, because the Stop button
      // below stops the answer.
      stop.hidden = !isWaiting || ask.attempt > 0;
      stop.setAttribute("aria-label", say("doNotAskThis", { question: ask.question.slice(0, 80) }));
      // The element is updated and not replaced, because a new element would not move smoothly from the old value.
      bar.hidden = next?.part === undefined;
      if (next?.part !== undefined) {
        bar.value = next.part;
        bar.setAttribute("aria-label", next.text);
      }
      if (ask.state === "cancelled") text.textContent = say("youStopped");
      tick();
    },
    tick,
  };
}
