import type { Storage, Turn } from "@docrelay/client";
import { noticeChoice, notify } from "../settings/notice.ts";
import { say } from "../words/say.ts";
import { titleOf } from "./title.ts";

/** Title and icon of the tab: in the background they tell of answers that came. */
export interface Tab {
  /** What the shown conversation begins with. */
  about(question: string): void;
  /** A question has ended; `fault`: why it has failed. */
  ended(turn: Pick<Turn, "question" | "state">, fault?: string): void;
  /** What a person may choose of it. */
  readonly settings: readonly HTMLElement[];
}

/** Call it when the language is known. */
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
      // An answer that was stopped was stopped by its user, who needs no notice.
      if (!document.hidden || state === "cancelled") return;
      unread++;
      show();
      notify(storage, fault ?? say("answersReady", { n: 1 }), asked);
    },
    settings: notices ? [notices] : [],
  };
}
