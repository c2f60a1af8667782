import * as z from "zod/mini";
import { refuse } from "../errors/error.ts";
import { FILE_NAME_CHARS, PAYLOAD_DEPTH } from "../limits.ts";

/** Bounds that are far above what any valid message has. */
const MAX = { depth: PAYLOAD_DEPTH, parts: 10_000 };

/**
 * Returns why a value must not be processed; undefined if it may be. `deep`: it is nested too deeply. `many`: it has
 * too many parts. `bytes`: a field that is not called `bytes` has bytes, which a schema would treat as an object with
 * one field per byte. Must be called before a schema or other code reads the value, because a schema would list all
 * unknown fields. Does not recurse, because the value may be deeper than the stack.
 */
export function payloadFault(value: unknown, max = MAX): "deep" | "many" | "bytes" | undefined {
  let level: unknown[] = [value];
  let parts = 0;
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > max.depth) return "deep";
    const next: unknown[] = [];
    for (const node of level) {
      if (node === null || typeof node !== "object") continue;
      if (ArrayBuffer.isView(node)) return "bytes";
      const keys = Object.keys(node);
      parts += keys.length;
      if (parts > max.parts) return "many";
      for (const key of keys) {
        const child = (node as Record<string, unknown>)[key];
        const isBytes = key === "bytes" && ArrayBuffer.isView(child);
        if (child !== null && typeof child === "object" && !isBytes) next.push(child);
      }
    }
    level = next;
  }
  return undefined;
}

const FAULTS = {
  deep: { reason: "depth", message: "The message is nested too deeply." },
  many: { reason: "schema", message: "The message has too many parts." },
  bytes: { reason: "schema", message: "The message has bytes where none belong." },
} as const;

/**
 * Parses what a client has sent. @throws Refusal `BAD_MESSAGE` with the reason `depth` or `schema`; its message names
 * the field.
 */
export function parsePayload<S extends z.ZodMiniType>(schema: S, value: unknown): z.infer<S> {
  const fault = payloadFault(value);
  if (fault) throw refuse("BAD_MESSAGE", FAULTS[fault]);
  const parsed = z.safeParse(schema, value);
  if (parsed.success) return parsed.data;
  const path = parsed.error.issues[0]?.path.map(String).join(".").slice(0, 64);
  const where = path
    ? `The field ${path} is missing or has a wrong form.`
    : "The message does not have the expected form.";
  throw refuse("BAD_MESSAGE", { reason: "schema", message: where });
}

/**
 * Checks the text of a question. @throws Refusal `PAYLOAD_TOO_LARGE` with the reason `message`; `BAD_MESSAGE` with the
 * reason `utf8` or `schema`.
 */
export function checkMessage(message: string, limits: { messageChars: number }, hasFiles: boolean): void {
  if (message.length > limits.messageChars) {
    const text = `The message has ${message.length} characters; ${limits.messageChars} are allowed.`;
    throw refuse("PAYLOAD_TOO_LARGE", { reason: "message", message: text });
  }
  if (!message.isWellFormed())
    throw refuse("BAD_MESSAGE", { reason: "utf8", message: "The message is not valid Unicode." });
  if (message.includes("\0"))
    throw refuse("BAD_MESSAGE", { reason: "schema", message: "The message has a NUL character." });
  if (message.trim() === "" && !hasFiles)
    throw refuse("BAD_MESSAGE", { reason: "schema", message: "The message is empty." });
}

// Matches control characters, and separators of lines and paragraphs. No file name may have them.
const UNFIT_IN_NAME = /[\p{Cc}\u2028\u2029]/u;
// Matches invisible characters, which are removed from file names: bidi marks, which make "gpj.exe" look like
// "exe.jpg"; joiners, fillers and variation selectors; and tag characters, with which somebody could write a text that
// only an engine reads.
const INVISIBLE = /[\p{Default_Ignorable_Code_Point}\p{Cf}]/gu;

/**
 * Returns a file's name as it is stored and shown: the last part of a path, without invisible characters.
 * @throws Refusal `FILE_NAME_INVALID` when nothing is left, or the name is too long or has control characters.
 */
export function cleanFileName(name: string): string {
  const clean = name.replace(INVISIBLE, "").split(/[/\\]/).at(-1)?.trim() ?? "";
  const isName = clean !== "" && clean !== "." && clean !== "..";
  const fits = isName && clean.length <= FILE_NAME_CHARS && clean.isWellFormed() && !UNFIT_IN_NAME.test(clean);
  if (!fits) throw refuse("FILE_NAME_INVALID");
  return clean;
}
