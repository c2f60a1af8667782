import type { LogLine } from "./process.ts";

/**
 * Turns a log line of the level `warn`, `error` or `fatal` into one line for the terminal: the message and, if the log
 * line has it, the reason.
 */
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
