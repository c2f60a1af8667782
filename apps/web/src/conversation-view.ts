import { RelayError, type AskOptions, type Conversation, type Relay } from "@docrelay/client";
import { createAskElement, progressOf, type AskElement } from "./ask-view.ts";
import { byId } from "./element.ts";
import { blank, change, isOver, type AskView, type Change, type PageState } from "./page-state.ts";
import { wordsFor } from "./words.ts";

export interface ConversationView {
  open(id: string): void;
  ask(message: string, files: readonly File[]): void;
  /** Stops the newest answer that is on its way. */
  stop(): void;
}

const NEAR_BOTTOM = 120;

/** The conversation on the page: changes come in, and what they changed is drawn once per frame. */
export function createConversationView(relay: Relay, on: { onRunning(running: boolean): void }): ConversationView {
  const log = byId("log", HTMLOListElement);
  const empty = byId("empty", HTMLElement);
  const announce = byId("announce", HTMLParagraphElement);
  const elements = new Map<string, AskElement>();
  /** Files of asks sent from this page, for asking again. */
  const files = new Map<string, readonly File[]>();
  let state: PageState = blank;
  let conversation: Conversation | undefined;
  let stopHearing: (() => void) | undefined;
  let frame = 0;

  function apply(by: Change): void {
    const before = state;
    state = change(state, by);
    if (state === before) return;
    if (by.type === "event" || by.type === "unsent") tell(before, by.type === "event" ? by.event.ask : by.id);
    frame ||= requestAnimationFrame(draw);
  }

  /** For those who listen: turns of the conversation, not every word. */
  function tell(before: PageState, id: string): void {
    const [was, is] = [before.get(id), state.get(id)];
    if (!is || was?.state === is.state || !was) return;
    if (is.state === "completed") announce.textContent = `Answer: ${is.text}`;
    else if (is.state === "asking") announce.textContent = "The answer is being written.";
    else if (is.state === "cancelled") announce.textContent = "The answer was stopped.";
    else if (is.state === "failed" && is.error) {
      const { what, advice } = wordsFor(is.error);
      announce.textContent = `${what} ${advice}`;
    } else if (is.state === "waiting") announce.textContent = progressOf(is).text;
  }

  function draw(): void {
    frame = 0;
    const page = document.documentElement;
    const follow = page.scrollHeight - page.scrollTop - page.clientHeight < NEAR_BOTTOM;
    let last: Element | null = null;
    for (const [id, ask] of state) {
      const known = elements.get(id);
      const shown = known ?? createAskElement({ again });
      elements.set(id, shown);
      shown.show(ask);
      const place: Element | null = last ? last.nextElementSibling : log.firstElementChild;
      if (place !== shown.root) log.insertBefore(shown.root, place);
      last = shown.root;
    }
    for (const [id, { root }] of elements) {
      if (state.has(id)) continue;
      root.remove();
      elements.delete(id);
    }
    empty.hidden = state.size > 0;
    on.onRunning([...state.values()].some((ask) => !isOver(ask)));
    if (follow) page.scrollTop = page.scrollHeight;
  }

  function send(message: string, options: AskOptions, names: AskView["files"]): string {
    const id = crypto.randomUUID();
    apply({ type: "sending", id, message, files: names });
    const answer = conversation?.ask(message, {
      ...options,
      id,
      onProgress: (progress) => apply({ type: "progress", ask: id, progress }),
    });
    answer?.accepted.catch((error: unknown) => {
      const wire =
        error instanceof RelayError ? error.wire : { code: "INTERNAL" as const, message: "", retryable: true };
      apply({ type: "unsent", id, error: wire });
    });
    return id;
  }
  function ask(message: string, chosen: readonly File[], options: AskOptions = {}): void {
    const id = send(
      message,
      { ...options, files: chosen },
      chosen.map(({ name, size }) => ({ name, size })),
    );
    files.set(id, chosen);
    document.documentElement.scrollTop = document.documentElement.scrollHeight;
  }
  function again(failed: AskView, with_?: { file: number; password: string }): void {
    const chosen = files.get(failed.id);
    if (!chosen && failed.files.length > 0) {
      announce.textContent = "Attach the file again, then ask.";
      byId("attach", HTMLButtonElement).click();
      return;
    }
    ask(failed.message, chosen ?? [], with_ ? { passwords: new Map([[with_.file, with_.password]]) } : {});
  }

  return {
    open(id) {
      if (conversation?.id === id) return;
      stopHearing?.();
      conversation?.close();
      files.clear();
      state = blank;
      conversation = relay.conversation(id);
      stopHearing = conversation.subscribe({
        event: (event) => apply({ type: "event", event }),
        progress: ({ conversation: _, ask: about, ...progress }) => apply({ type: "progress", ask: about, progress }),
        reset: () => apply({ type: "reset" }),
        failed: (error) => (announce.textContent = wordsFor(error.wire).what),
      });
      frame ||= requestAnimationFrame(draw);
    },
    ask: (message, chosen) => ask(message, chosen),
    stop() {
      const running = [...state.values()].findLast((one) => !isOver(one));
      if (running) conversation?.cancel(running.id).catch(() => undefined); // its end, or its absence, shows in the log
    },
  };
}
