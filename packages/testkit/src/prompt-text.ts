/** A prompt as one string, as the engine gets it: its parts in order, with the pages of a file joined by `\n`. */
export function promptText(prompt: string | ReadonlyArray<string | readonly string[]>): string {
  if (typeof prompt === "string") return prompt;
  return prompt.map((part) => (typeof part === "string" ? part : part.join("\n"))).join("");
}
