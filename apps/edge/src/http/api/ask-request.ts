import { httpAskSchema, idSchema, parsePayload, refuse, Refusal, type HttpAsk, type Limits } from "@docrelay/protocol";
import { createHash, randomUUID } from "node:crypto";
import type { IncomingMessage } from "node:http";
import * as z from "zod/mini";
import type { AskInput } from "../../asks/accept-ask.ts";
import type { AskFileInput } from "../../asks/ask-files.ts";
import { decodeBase64 } from "../../asks/decode-base64.ts";
import { parseShallow } from "../../asks/parse-shallow.ts";
import { readBody } from "./body.ts";
import type { ApiCall } from "./call.ts";
import { readForm, removeFiles, type Form, type FormDeps } from "./multipart.ts";

/** The most bytes that the JSON of an ask may have beside the base64 of its files. */
const ENVELOPE_BYTES = 524_288;

/** Returns the size of the largest JSON body of an ask with its files, in bytes. */
export function mostJsonBytes({ inlineFileBytes }: Limits): number {
  return Math.ceil((inlineFileBytes * 4) / 3) + ENVELOPE_BYTES;
}

/**
 * Reads an ask from the body of a request: a multipart form, whose files are stored before this resolves, or JSON.
 * `arrived`: the uploads that hold the files of the form; if the ask is refused, the caller removes them.
 * @throws Refusal; the reason of the call's signal.
 */
export async function readAsk(deps: FormDeps, call: ApiCall): Promise<{ ask: AskInput; arrived: readonly string[] }> {
  const id = readKey(call.request);
  const type = (call.request.headers["content-type"] ?? "").split(";")[0]?.trim().toLowerCase();
  const { arrived, ...fields } = await readFields(deps, call, type);
  const { message = "", conversation = conversationOf(id), files, replaces } = fields;
  return { ask: { user: call.user, id, conversation, message, files, replaces, origin: "socket" }, arrived };
}

/**
 * Returns a conversation id for an ask that names no conversation. It follows from the ask's id, so that an ask sent
 * again gets the same conversation.
 */
function conversationOf(ask: string): string {
  return createHash("sha256").update(`conversation of ${ask}`).digest("base64url").slice(0, 22);
}

type Fields = Pick<HttpAsk, "message" | "conversation" | "replaces"> & { files: AskFileInput[] };

async function readFields(
  deps: FormDeps,
  call: ApiCall,
  type: string | undefined,
): Promise<Fields & { arrived: readonly string[] }> {
  if (type === "multipart/form-data") {
    const form = await readForm(deps, call, ["message", "conversation", "replaces", "password"]);
    try {
      return { ...fromForm(form), arrived: form.uploads };
    } catch (error) {
      await removeFiles(deps, call.user, form.uploads);
      throw error;
    }
  }
  if (type === "application/json") {
    const json = parseShallow(await readBody(call, mostJsonBytes(deps.limits)));
    const { files = [], ...ask } = parsePayload(httpAskSchema, json);
    return { ...ask, files: toFiles(files, deps.limits), arrived: [] };
  }
  const message = "Send multipart/form-data or application/json.";
  throw refuse("BAD_MESSAGE", { reason: "type", message });
}

/**
 * Returns the header `Idempotency-Key`, or a random id if there is none. The returned key becomes the id of the ask or
 * file that the request creates, so that a request sent again with the same key creates nothing new.
 */
export function readKey({ headers }: IncomingMessage): string {
  const key = headers["idempotency-key"];
  if (key === undefined) return randomUUID();
  const id = z.safeParse(idSchema, key);
  if (id.success) return id.data;
  const message = "Idempotency-Key must be 1 to 64 of A-Z a-z 0-9 _ -.";
  throw refuse("BAD_MESSAGE", { reason: "schema", message });
}

function fromForm({ fields, uploads }: Form): Fields {
  const one = (name: string): string | undefined => {
    const values = fields.get(name) ?? [];
    if (values.length > 1) {
      throw refuse("BAD_MESSAGE", { reason: "schema", message: `The field ${name} is there more than once.` });
    }
    return values[0];
  };
  const passwords = fields.get("password") ?? [];
  const files = uploads.map((upload, index) => {
    const password = passwords[index];
    return password ? { upload, password } : { upload };
  });
  const id = (name: string): string | undefined => one(name) || undefined;
  const ask = { message: one("message"), conversation: id("conversation"), replaces: id("replaces"), files };
  return { ...parsePayload(httpAskSchema, ask), files };
}

/** Decodes the files of an ask that came as JSON. @throws Refusal `PAYLOAD_TOO_LARGE`, `FILE_CORRUPT` */
export function toFiles(files: NonNullable<HttpAsk["files"]>, limits: Limits): AskFileInput[] {
  if (files.length > limits.filesPerAsk) {
    const message = `There are ${files.length} files; ${limits.filesPerAsk} are allowed.`;
    throw refuse("PAYLOAD_TOO_LARGE", { reason: "file", message });
  }
  return files.map((file, index) => decodeFile(file, index, limits));
}

function decodeFile(file: NonNullable<HttpAsk["files"]>[number], index: number, limits: Limits): AskFileInput {
  if ("upload" in file) return file;
  const { name, type = "", content, password } = file;
  try {
    return { name, type, bytes: decodeBase64(content, index, limits.fileBytes), password };
  } catch (error) {
    throw error instanceof Refusal ? new Refusal({ ...error.wire, file: index }) : error;
  }
}
