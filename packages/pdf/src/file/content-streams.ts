import { inflateSync } from "node:zlib";

/*
 * Finds pages whose content is damaged. PDFium shows as much of a damaged stream as it can inflate, and does not report
 * the damage. This code finds the streams of a page by text searches for object numbers, without parsing the PDF. A
 * stream that is not found counts as undamaged.
 */

/** A file with more bytes than this is not examined: its streams count as undamaged. */
const MAX_FILE_BYTES = 256 * 1024 * 1024;
const MAX_STREAMS = 64;
const MAX_OBJECT_STREAMS = 2000;
const MAX_STREAM_BYTES = 32 * 1024 * 1024;
const MAX_DICTIONARY = 4096;
const REFERENCE = /(\d{1,10})\s+\d{1,5}\s+R/g;
const HEAD = " 0 obj";
const FLATE = /\/Filter\s*\[?\s*\/(?:FlateDecode|Fl)\s*[\]/>\r\n ]/;
/** zlib's error for bytes that do not begin like zlib data. A stream of such bytes does not count as damaged. */
const NO_STREAM = "incorrect header check";

export interface ContentStreams {
  /** Whether a stream of a page is cut off or has wrong bytes. `page`: the page's object number. */
  isDamaged(page: number): boolean;
}

export function createContentStreams(bytes: Uint8Array): ContentStreams {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const isReadable = file.length <= MAX_FILE_BYTES && !file.includes("/Encrypt");
  let starts: Map<number, number> | undefined;
  let packed: Map<number, string> | undefined;

  const startOf = (object: number): number | undefined => (starts ??= findObjects(file)).get(object);
  function textOf(object: number): string {
    const start = startOf(object);
    return start === undefined ? ((packed ??= unpack(file)).get(object) ?? "") : dictionaryAt(file, start);
  }
  function streamsOf(page: number): number[] {
    const value = /\/Contents\s*(\[[^\]]*\]|\d+\s+\d+\s+R)/.exec(textOf(page))?.[1] ?? "";
    const found = referencesIn(value);
    const [only] = found;
    if (value.startsWith("[") || only === undefined) return found;
    const list = textOf(only).trimStart();
    return list.startsWith("[") ? referencesIn(list.slice(0, list.indexOf("]"))) : found;
  }
  function isStreamDamaged(object: number): boolean {
    const start = startOf(object);
    const data = start === undefined ? undefined : streamAt(file, start);
    if (!data || !FLATE.test(dictionaryAt(file, start as number))) return false;
    try {
      inflateSync(data, { finishFlush: 2, maxOutputLength: MAX_STREAM_BYTES });
      return false;
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      return code === "Z_DATA_ERROR" && message !== NO_STREAM;
    }
  }
  return {
    isDamaged: (page) => isReadable && streamsOf(page).slice(0, MAX_STREAMS).some(isStreamDamaged),
  };
}

/**
 * For each object number: the position after `obj`. If several objects have the same number, the last one counts,
 * because it is the newest.
 */
export function findObjects(file: Buffer): Map<number, number> {
  const found = new Map<number, number>();
  for (let at = file.indexOf(HEAD); at >= 0; at = file.indexOf(HEAD, at + HEAD.length)) {
    let [number, digit] = [0, 1];
    for (let from = at - 1; from >= 0 && digit < 1e10; from--, digit *= 10) {
      const value = (file[from] as number) - 0x30;
      if (value < 0 || value > 9) break;
      number += digit * value;
    }
    found.set(number, at + HEAD.length);
  }
  return found;
}

function dictionaryAt(file: Buffer, start: number): string {
  const text = file.toString("latin1", start, start + MAX_DICTIONARY);
  const end = /stream|endobj/.exec(text)?.index;
  return end === undefined ? text : text.slice(0, end);
}

/**
 * The text of the stream in the object at `start`, at most `most` characters of it. Empty if there is no such stream, or
 * if it is damaged or compressed in another way than by zlib.
 */
export function streamText(file: Buffer, start: number, most: number): string {
  const data = streamAt(file, start);
  if (data === undefined) return "";
  const dictionary = dictionaryAt(file, start);
  if (!dictionary.includes("/Filter")) return data.toString("latin1", 0, most);
  if (!FLATE.test(dictionary)) return "";
  try {
    return inflateSync(data, { finishFlush: 2, maxOutputLength: most }).toString("latin1");
  } catch {
    return "";
  }
}

function referencesIn(text: string): number[] {
  return [...text.matchAll(REFERENCE)].map(([, number]) => Number(number));
}

/**
 * The bytes between `stream` and `endstream` in the object at `start`; up to the file's end if `endstream` is missing.
 */
function streamAt(file: Buffer, start: number): Buffer | undefined {
  let at = file.indexOf("stream", start);
  if (at < 0 || at - start > MAX_DICTIONARY) return undefined;
  at += "stream".length;
  if (file[at] === 0x0d) at++;
  if (file[at] === 0x0a) at++;
  const end = file.indexOf("endstream", at);
  return file.subarray(at, end < 0 ? file.length : end);
}

/**
 * Finds the objects that are packed into object streams. Returns the text of each object, by its object number, at most
 * `longest` characters of it.
 */
export function unpack(file: Buffer, longest = MAX_DICTIONARY): Map<number, string> {
  const found = new Map<number, string>();
  let at = file.indexOf("/ObjStm");
  for (let looks = 0; at >= 0 && looks < MAX_OBJECT_STREAMS; looks++) {
    const start = file.lastIndexOf("obj", at);
    const first = /\/First\s+(\d{1,10})/.exec(file.toString("latin1", start, start + MAX_DICTIONARY))?.[1];
    const data = streamAt(file, start);
    if (first !== undefined && data) addObjects(found, data, { first: Number(first), longest });
    at = file.indexOf("/ObjStm", at + 1);
  }
  return found;
}

function addObjects(
  found: Map<number, string>,
  data: Buffer,
  { first, longest }: { readonly first: number; readonly longest: number },
): void {
  let text: string;
  try {
    text = inflateSync(data, { finishFlush: 2, maxOutputLength: MAX_STREAM_BYTES }).toString("latin1");
  } catch {
    return; // damaged: its objects count as not found
  }
  const numbers = text.slice(0, first).trim().split(/\s+/).map(Number);
  for (let index = 0; index + 1 < numbers.length; index += 2) {
    const from = first + (numbers[index + 1] as number);
    const next = first + (numbers[index + 3] ?? Infinity);
    const end = Math.min(from + longest, next > from ? next : Infinity);
    found.set(numbers[index] as number, text.slice(from, end));
  }
}
