import type { LogLine } from "./process.ts";

/** A warning or an error of a process in words for its terminal, on one line: what happened, and why as far as the line tells. */
export function logWords({ msg, err, reason, warning, how, code, cause, detail, said }: LogLine): string {
  const { message } = (err ?? {}) as { message?: unknown };
  const why =
    typeof cause === "string"
      ? [code, `(${cause})`, detail, isText(said) ? `It says: ${said}` : ""].filter(isText).join(" ")
      : [warning, reason, message, how].find(isText);
  return [msg, why].filter(isText).join(" ");
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}
