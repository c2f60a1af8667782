import { element } from "../frame/element.ts";

/** Shows questions to choose from in a list. An empty list is hidden. */
export function showQuestions(
  list: HTMLElement,
  questions: readonly string[],
  choose: (question: string) => void,
): void {
  list.replaceChildren(
    ...questions.map((question) =>
      element(
        "li",
        {},
        element(
          "button",
          { type: "button", class: "suggestion", dir: "auto", click: () => choose(question) },
          question,
        ),
      ),
    ),
  );
  list.hidden = questions.length === 0;
}
