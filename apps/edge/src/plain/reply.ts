import { jsonMembers, type EventOf, type WireError } from "@docrelay/protocol";

/**
 * The field `unique_id` of a frame as the client sent it, to send it back unchanged. `undefined` if the frame had none;
 * `json` is the text of a number, `true` or `false`.
 */
export type UniqueId = string | null | undefined | { readonly json: string };

/** Returns a `unique_id` as a text, as the engine gets it. */
export const idText = (id: string | { readonly json: string }): string => (typeof id === "string" ? id : id.json);
const idJson = (id: Exclude<UniqueId, undefined>): string =>
  id === null || typeof id === "string" ? JSON.stringify(id) : id.json;

/** Returns a frame that docrelay itself has made, as JSON, with the client's `unique_id` as its last field. */
function withId(frame: object, id: UniqueId): string {
  const json = JSON.stringify(frame);
  return id === undefined ? json : `${json.slice(0, -1)},"unique_id":${idJson(id)}}`;
}

/** Returns the frame that tells the client of a refusal or of an ask's failure. */
export function errorFrame({ code, message, retryable }: WireError, uniqueId: UniqueId): string {
  return withId({ type: "error", code, message, retryable }, uniqueId);
}

export function deltaFrame(text: string, uniqueId: UniqueId): string {
  return withId({ type: "delta", text }, uniqueId);
}

/**
 * Returns the frame of an answer: the engine's own reply frame, in which only `unique_id` is replaced by the client's;
 * if the engine sent no such frame, one built from the answer's text.
 */
export function replyFrame({ text, frame }: EventOf<"completed">, uniqueId: UniqueId): string {
  const forwarded = frame === undefined ? undefined : withUniqueId(frame, uniqueId);
  return forwarded ?? withId({ message: text, type: "chat" }, uniqueId);
}

/**
 * Replaces the value of `unique_id` in the text of a JSON object and leaves every other character as it is: if the text
 * were parsed and serialised, long numbers and escaped characters would change. Returns undefined if `json` is not a
 * JSON object.
 */
export function withUniqueId(json: string, uniqueId: UniqueId): string | undefined {
  if (!isObject(json)) return undefined;
  const members = jsonMembers(json);
  const mine = members.filter(({ key }) => key === "unique_id");
  if (uniqueId === undefined) {
    // The client sent no `unique_id`, so the engine got one that docrelay made: it is removed from the reply.
    if (mine.length === 0) return json;
    const rest = members.filter(({ key }) => key !== "unique_id").map(({ from, to }) => json.slice(from, to));
    return `{${rest.join(",")}}`;
  }
  const value = idJson(uniqueId);
  if (mine.length === 0) {
    const end = json.lastIndexOf("}");
    return `${json.slice(0, end)}${members.length > 0 ? "," : ""}"unique_id":${value}${json.slice(end)}`;
  }
  return mine.reduceRight((text, { value: from, to }) => text.slice(0, from) + value + text.slice(to), json);
}

function isObject(json: string): boolean {
  try {
    const value: unknown = JSON.parse(json);
    return value !== null && typeof value === "object" && !Array.isArray(value);
  } catch {
    return false;
  }
}
