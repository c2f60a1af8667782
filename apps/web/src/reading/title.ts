import { say } from "../words/say.ts";

const MAX_CHARS = 60;

/** Returns the title of the page: the number of unseen answers, and the conversation's first question. */
export function titleOf(question: string, unread: number): string {
  const about = question.replaceAll(/\s+/g, " ").trim();
  const short = about.length > MAX_CHARS ? `${about.slice(0, MAX_CHARS - 1).toWellFormed()}…` : about;
  const news = unread === 0 ? "" : `● ${say("answersReady", { n: unread })}`;
  return [news, short, "docrelay"].filter((part) => part !== "").join(" – ");
}
