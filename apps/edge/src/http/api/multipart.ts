import { Busboy } from "@fastify/busboy";
import { refuse, Refusal, type Limits } from "@docrelay/protocol";
import { randomUUID } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { Readable } from "node:stream";
import { receiveFile, type ArrivingFile, type ReceiveDeps } from "../../uploads/receive-file.ts";
import type { OwnFiles } from "../../uploads/own-files.ts";
import type { ApiCall } from "./call.ts";

/** A form that has arrived: the values of its fields, and the ids of the uploads in which its files are stored. */
export interface Form {
  readonly fields: ReadonlyMap<string, readonly string[]>;
  readonly uploads: readonly string[];
}

export interface FormDeps extends ReceiveDeps {
  readonly limits: Limits;
  readonly ownFiles: OwnFiles;
  onTrouble(error: unknown): void;
}

/** The most bytes that a form may have beside its files and its message: boundaries, headers of parts, small fields. */
const MARGIN_BYTES = 65_536;
const BYTES_PER_CHAR = 4;

/**
 * Reads a multipart form with files in fields of the name `file`, and stores each file while it arrives. `names`: the
 * other fields that the form may have. After an error the rest of the request is left unread, and the files that have
 * arrived are removed. @throws Refusal; the reason of the call's signal.
 */
export async function readForm(deps: FormDeps, call: ApiCall, names: readonly string[]): Promise<Form> {
  const { request, user } = call;
  const { limits } = deps;
  const failed = new AbortController();
  const signal = AbortSignal.any([call.signal, failed.signal]);
  const fail = (error: unknown): void => failed.abort(error);
  const fields = new Map<string, string[]>();
  const uploads: string[] = [];
  const streams: Readable[] = [];
  const received: Array<Promise<void>> = [];
  const parser = createParser(request, limits);
  const body = countBody(request, limits, fail);

  parser.on("file", (...[name, stream, filename, , type]) => {
    stream.on("error", () => undefined); // if the form ends inside the file, stream and parser emit an error each
    if (name !== "file") return fail(unknownField(name));
    const upload = randomUUID();
    const index = uploads.push(upload) - 1;
    streams.push(stream);
    // The declared type is kept for the record only: the file's bytes decide whether it is a PDF.
    const file = { upload, name: filename ?? "", type: type.slice(0, 255), body: stream, atMost: body.left() };
    received.push(receive(deps, user, { ...file, index }, signal).catch(fail));
  });
  parser.on("field", (...[name, value, , isCut]) => {
    if (!names.includes(name)) return fail(unknownField(name));
    if (isCut) return fail(refuse("PAYLOAD_TOO_LARGE", { reason: "message" }));
    fields.set(name, [...(fields.get(name) ?? []), value]);
  });
  const tooMany = (): void => {
    const message = `There are too many parts; ${limits.filesPerAsk} files are allowed.`;
    fail(refuse("PAYLOAD_TOO_LARGE", { reason: "file", message }));
  };
  parser.on("filesLimit", tooMany).on("fieldsLimit", tooMany).on("partsLimit", tooMany);

  const ended = Promise.withResolvers<void>();
  parser.once("finish", ended.resolve);
  parser.on("error", () => fail(brokenForm()));
  signal.addEventListener("abort", () => ended.reject(signal.reason), { once: true });
  request.pipe(parser);
  try {
    signal.throwIfAborted();
    await ended.promise;
    await Promise.all(received);
    signal.throwIfAborted();
    return { fields, uploads };
  } catch {
    request.unpipe(parser);
    for (const stream of streams) stream.destroy();
    await Promise.all(received);
    await removeFiles(deps, user, uploads);
    throw signal.reason as Error;
  } finally {
    body.stop();
  }
}

/** Removes files that arrived in a form that was refused. If this fails, the files stay until they expire. */
export async function removeFiles(
  { ownFiles, onTrouble }: FormDeps,
  user: string,
  uploads: readonly string[],
): Promise<void> {
  for (const upload of uploads) await ownFiles.remove(user, upload).catch(onTrouble);
}

function createParser(request: IncomingMessage, limits: Limits): InstanceType<typeof Busboy> {
  const type = request.headers["content-type"] ?? "";
  const most = limits.filesPerAsk;
  try {
    return new Busboy({
      headers: { ...request.headers, "content-type": type },
      isPartAFile: (name) => name === "file",
      limits: {
        files: most,
        fields: most + 2,
        parts: 2 * most + 2,
        fieldSize: limits.messageChars * BYTES_PER_CHAR,
        headerPairs: 16,
        headerSize: 8192,
      },
    });
  } catch {
    throw brokenForm(); // Busboy throws if the content type has no boundary
  }
}

/**
 * Counts the bytes of a form as they arrive, and calls `fail` when there are too many. `left()` returns how many bytes
 * a file that begins now can have at most.
 */
function countBody(
  request: IncomingMessage,
  limits: Limits,
  fail: (error: unknown) => void,
): { left(): number; stop(): void } {
  const most = limits.filesPerAsk * limits.fileBytes + limits.messageChars * BYTES_PER_CHAR + MARGIN_BYTES;
  const declared = Number(request.headers["content-length"] ?? Number.NaN);
  const tooLarge = (): void => fail(refuse("PAYLOAD_TOO_LARGE", { reason: "frame" }));
  if (declared > most) tooLarge();
  let bytes = 0;
  const count = (chunk: Buffer): void => {
    bytes += chunk.length;
    if (bytes > most) tooLarge();
  };
  request.on("data", count);
  return {
    left: () => (Number.isNaN(declared) ? limits.fileBytes : Math.max(1, declared - bytes + HELD_BYTES)),
    stop: () => void request.off("data", count),
  };
}

/**
 * When the parser emits `file`, some bytes that count as arrived are not parsed yet and may belong to the file: at most
 * this many, which is one read of a socket.
 */
const HELD_BYTES = 65_536;

async function receive(
  deps: FormDeps,
  user: string,
  { index, ...file }: ArrivingFile & { readonly index: number },
  signal: AbortSignal,
): Promise<void> {
  try {
    await receiveFile(deps, user, file, signal);
  } catch (error) {
    throw error instanceof Refusal ? new Refusal({ ...error.wire, file: index }) : error;
  }
}

/** `name` may be undefined, although the parser's types do not say so: a part of a form can have no name. */
function unknownField(name: string | undefined = ""): Error {
  const message = `There is no field ${JSON.stringify(name.slice(0, 64))} in this form.`;
  return refuse("BAD_MESSAGE", { reason: "schema", message });
}

function brokenForm(): Error {
  return refuse("BAD_MESSAGE", { reason: "frame", message: "The form is broken, or did not arrive whole." });
}
