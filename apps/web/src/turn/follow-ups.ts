import type { Turn } from "@docrelay/client";
import { showQuestions } from "../composing/question-list.ts";
import { element } from "../frame/element.ts";
import { say } from "../words/say.ts";

/** Questions that the engine suggests to ask next, under the newest answer. */
export interface FollowUps {
  readonly root: HTMLElement;
  show(ask: Turn, isNewest: boolean): void;
}

export function createFollowUps(choose: (question: string) => void): FollowUps {
  const root = element("ul", { class: "suggestions", "aria-label": say("suggestedQuestions"), hidden: true });
  let shown: readonly string[] | undefined;
  return {
    root,
    show({ state, suggestions }, isNewest) {
      const next = isNewest && state === "completed" ? suggestions : undefined;
      if (next === shown) return;
      shown = next;
      showQuestions(root, next ?? [], choose);
    },
  };
}
