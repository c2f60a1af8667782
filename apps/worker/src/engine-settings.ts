import { engineUrlProblem, parseHeaders, type EngineKind } from "@docrelay/engine";
import { existsSync, readFileSync } from "node:fs";
import * as z from "zod";

/** The fields of a request that docrelay itself sets, so that `ENGINE_PARAMS` must not set them. */
const OWN_FIELDS = ["model", "messages", "input", "instructions", "stream", "store"];
const MAX_SYSTEM_CHARS = 262_144;

export const engineUrl = z
  .string()
  .optional()
  .transform((text, context) => {
    const problem = text === undefined ? undefined : engineUrlProblem(text);
    if (problem) context.addIssue({ code: "custom", message: problem });
    return text;
  });

const jsonObject = z
  .string()
  .default("{}")
  .transform((text, context): Readonly<Record<string, unknown>> => {
    const value = parseJson(text);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return { ...value };
    context.addIssue({ code: "custom", message: 'must be a JSON object, such as {"name": "value"}' });
    return z.NEVER;
  });

/** A setting with headers for each connection or request to the engine. */
export const engineHeaders = z
  .string()
  .default("")
  .transform((text, context) => {
    const parsed = parseHeaders(text);
    if ("headers" in parsed) return parsed.headers;
    context.addIssue({ code: "custom", message: parsed.problem });
    return z.NEVER;
  });

/**
 * A setting that is a key, which is sent in a header. Blanks and line breaks around it are dropped: files and secret
 * stores often add a line break, which a header must not contain.
 */
export const engineKey = z
  .string()
  .trim()
  .regex(/^[\x21-\x7e]*$/, "must be printable ASCII without blanks")
  .optional();

/** A setting with further fields for each request to the engine, as JSON. */
export const engineParams = jsonObject.refine(
  (values) => OWN_FIELDS.every((field) => !Object.hasOwn(values, field)),
  `must not have the fields ${OWN_FIELDS.join(", ")}`,
);

/** A setting that is a text, or the path of a file that contains the text. */
export const engineSystem = z
  .string()
  .optional()
  .transform((text, context) => {
    const path = text === undefined ? undefined : pathIn(text);
    const content = path === undefined ? text : readText(path);
    if (content !== undefined && content.length <= MAX_SYSTEM_CHARS) return content;
    if (text === undefined) return undefined;
    context.addIssue({
      code: "custom",
      message: `must be a text or file:<path> of a readable file, of at most ${MAX_SYSTEM_CHARS} letters`,
    });
    return z.NEVER;
  });

/**
 * Returns the kind of an engine: the one that is set, else the one that follows from the URL's scheme. Returns
 * undefined if the set kind does not fit the scheme.
 */
export function engineKindOf(url: string, kind: EngineKind | undefined): EngineKind | undefined {
  const isHttp = /^https?:/i.test(url);
  if (kind === undefined) return isHttp ? "chat" : "websocket";
  return (kind === "websocket") === isHttp ? undefined : kind;
}

function pathIn(text: string): string | undefined {
  if (text.startsWith("file:")) return text.slice("file:".length);
  return text.startsWith("/") && existsSync(text) ? text : undefined;
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
