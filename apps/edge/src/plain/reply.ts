import type { EventOf, WireError } from "@docrelay/protocol";

/** `unique_id` as the client sent it: null and absent are two things. */
export type UniqueId = string | null | undefined;

/** The frame of a refusal or failure. */
export function errorFrame({ code, message, retryable }: WireError, uniqueId: UniqueId): string {
  return JSON.stringify({ type: "error", code, message, retryable, unique_id: uniqueId });
}

export function deltaFrame(text: string, uniqueId: UniqueId): string {
  return JSON.stringify({ type: "delta", text, unique_id: uniqueId });
}

/** The engine's reply frame with the client's own id in it and all else as it came; or one made of the whole text. */
export function replyFrame({ text, frame }: EventOf<"completed">, uniqueId: UniqueId): string {
  const forwarded = frame === undefined ? undefined : withUniqueId(frame, uniqueId);
  return forwarded ?? JSON.stringify({ message: text, type: "chat", unique_id: uniqueId });
}

/** Where a member of the outermost object stands in its text: `from` its key, `value`…`to` its value. */
interface Member {
  readonly key: string;
  readonly from: number;
  readonly value: number;
  readonly to: number;
}

/**
 * Replaces the value of `unique_id` in the text of a JSON object and touches nothing else: parsed and printed again,
 * long numbers and spelled-out characters would be others. Undefined when `json` is no JSON object.
 */
export function withUniqueId(json: string, uniqueId: UniqueId): string | undefined {
  if (!isObject(json)) return undefined;
  const members = outerMembers(json);
  const mine = members.filter(({ key }) => key === "unique_id");
  if (uniqueId === undefined) {
    // The client sent none: what the engine was told instead is not its business.
    if (mine.length === 0) return json;
    const rest = members.filter(({ key }) => key !== "unique_id").map(({ from, to }) => json.slice(from, to));
    return `{${rest.join(",")}}`;
  }
  const value = JSON.stringify(uniqueId);
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

/** The members of a valid JSON object, without recursion. */
function outerMembers(json: string): Member[] {
  const members: Member[] = [];
  let depth = 0;
  let from = -1;
  let key = "";
  let value = -1;
  let end = -1; // behind the last character that is no space
  const close = (): void => {
    if (from >= 0 && value >= 0) members.push({ key, from, value, to: end });
    from = value = -1;
  };
  for (let at = 0; at < json.length; at++) {
    const char = json[at] ?? "";
    if (/\s/.test(char)) continue;
    if (depth === 1 && (char === "," || char === "}")) {
      close();
      if (char === "}") break;
      continue;
    }
    if (depth === 1 && char === ":" && value < 0) {
      key = JSON.parse(json.slice(from, end)) as string;
      while (/\s/.test(json[at + 1] ?? "")) at++;
      value = at + 1;
      continue;
    }
    if (depth === 1 && from < 0) from = at;
    if (char === '"') at = endOfString(json, at);
    else if (char === "{" || char === "[") depth++;
    else if (char === "}" || char === "]") depth--;
    end = at + 1;
  }
  return members;
}

/** The index of the quote that ends the string beginning at `at`. */
function endOfString(json: string, at: number): number {
  for (at++; json[at] !== '"'; at++) if (json[at] === "\\") at++;
  return at;
}
