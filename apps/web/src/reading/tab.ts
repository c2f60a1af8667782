import type { Storage, Turn } from "@docrelay/client";
import { noticeChoice, notify } from "../settings/notice.ts";
import { say } from "../words/say.ts";
import { titleOf } from "./title.ts";

/** Title and icon of the browser's tab. While the tab is in the background they show that answers have arrived. */
export interface Tab {
  /** Sets the first question of the shown conversation, which the title contains. */
  about(question: string): void;
  /** A question has ended. `fault` says why it failed. */
  ended(turn: Pick<Turn, "question" | "state">, fault?: string): void;
  /** The elements with which the user turns notifications on and off. */
  readonly settings: readonly HTMLElement[];
}

/** Must be called after the language has been set, because the tab's settings are made in that language. */
export function createTab(storage: Storage): Tab {
  const notices = noticeChoice(storage);
  const icon = document.querySelector<HTMLLinkElement>('link[rel="icon"]');
  const [plain = "", news = ""] = [icon?.href, icon?.dataset["news"]];
  let question = "";
  let unread = 0;
  function show(): void {
    document.title = titleOf(question, unread);
    if (icon) icon.href = unread > 0 ? new URL(news, document.baseURI).href : plain;
  }
  document.addEventListener("visibilitychange", () => {
    if (document.hidden || unread === 0) return;
    unread = 0;
    show();
  });
  return {
    about(first) {
      if (first === question) return;
      question = first;
      show();
    },
    ended({ question: asked, state }, fault) {
      // An answer that its user stopped needs no notification.
      if (!document.hidden || state === "cancelled") return;
      unread++;
      show();
      notify(storage, fault ?? say("answersReady", { n: 1 }), asked);
    },
    settings: notices ? [notices] : [],
  };
}
