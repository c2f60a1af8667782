import type { Turn } from "@docrelay/client";
import { element } from "../frame/element.ts";
import { say } from "../words/say.ts";

/** The buttons that step through the versions of a question and its answer. */
export interface Versions {
  readonly root: HTMLElement;
  /** Returns the version of a turn to show: the newest, unless the user has stepped back. */
  choose(newest: Turn): Turn;
}

export function createVersions(onStep: () => void): Versions {
  const back = element(
    "button",
    { type: "button", class: "quiet", "aria-label": say("earlierVersion"), click: step(-1) },
    "‹",
  );
  const on = element(
    "button",
    { type: "button", class: "quiet", "aria-label": say("laterVersion"), click: step(1) },
    "›",
  );
  const where = element("span", { role: "status" });
  const root = element("div", { class: "versions", role: "group", "aria-label": say("versions") }, back, where, on);
  /** How many versions the user has stepped back from the newest. */
  let steps = 0;

  function step(by: number): () => void {
    return () => {
      steps -= by;
      onStep();
    };
  }
  return {
    root,
    choose(newest) {
      const all = [...(newest.versions ?? []), newest];
      steps = Math.min(Math.max(0, steps), all.length - 1);
      const at = all.length - 1 - steps;
      root.hidden = all.length === 1;
      back.disabled = at === 0;
      on.disabled = steps === 0;
      where.textContent = say("version", { at: at + 1, all: all.length });
      return all[at] ?? newest;
    },
  };
}
