import { parsePayload, refuse, type Limits } from "@docrelay/protocol";
import type * as z from "zod/mini";
import { parseShallow } from "../../asks/parse-shallow.ts";
import { mostJsonBytes } from "../api/ask-request.ts";
import { readBody } from "../api/body.ts";
import type { ApiCall } from "../api/call.ts";

/**
 * How deeply the JSON of a request may be nested. Clients also send descriptions of tools, which are deeply nested JSON
 * schemas; the descriptions are ignored.
 */
const DEPTH = 32;

/** Reads and checks a request of the OpenAI API: JSON that may contain files. @throws Refusal */
export async function readOpenAi<T extends z.ZodMiniType>(
  limits: Limits,
  call: ApiCall,
  schema: T,
): Promise<z.output<T>> {
  const type = (call.request.headers["content-type"] ?? "").split(";")[0]?.trim().toLowerCase();
  if (type !== "application/json") throw refuse("BAD_MESSAGE", { reason: "type", message: "Send application/json." });
  const advice = "Upload large files with POST /v1/files, and name them by `file_id`.";
  return parsePayload(schema, parseShallow(await readBody(call, mostJsonBytes(limits), advice), DEPTH));
}
