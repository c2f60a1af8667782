import { expect, it } from "vitest";
import { headingsOf } from "./headings.ts";

it("finds numbered headings, each once, without numbers and page numbers", () => {
  const contents = "Contents\n1. Introduction ........ 3\n2 Methods   7\n2.1 Sampling … 8\n";
  expect(headingsOf([contents, "1. Introduction\nThe island has forty houses."])).toEqual([
    "Introduction",
    "Methods",
    "Sampling",
  ]);
  expect(headingsOf(["Chapter 4: Results of the survey\nKapitel 5 Ausblick\nIV. 结论"])).toEqual([
    "Results of the survey",
    "Ausblick",
    "结论",
  ]);
});

it("takes no sentence, no item of a list, no number and no long line for one", () => {
  const lines = [
    "1. Take the key, and open the door.",
    "2. then this",
    "3. 4711 0815 23",
    `4. ${"Word ".repeat(30)}`,
    "5.",
  ];
  expect(headingsOf([lines.join("\n"), "An island has forty houses."])).toEqual([]);
});
