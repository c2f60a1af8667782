import { validateHeaderName, validateHeaderValue } from "node:http";

/** Headers that only the WebSocket or HTTP client itself may set. */
const OURS = /^(?:sec-websocket-.*|connection|upgrade|content-length|transfer-encoding)$/i;

/**
 * Parses headers from a setting: a JSON object, or one `Name: value` in each line. `problem`: what is wrong, for the
 * operator, without any value.
 */
export function parseHeaders(text: string): { headers: Record<string, string> } | { problem: string } {
  const entries = text.trim().startsWith("{") ? entriesOfJson(text) : entriesOfLines(text);
  if (!entries) return { problem: 'must be "Name: value", one a line, or a JSON object of texts' };
  for (const [name, value] of entries) {
    try {
      validateHeaderName(name);
      validateHeaderValue(name, value);
    } catch {
      return { problem: "must not hold a name or value that no HTTP header may have" };
    }
    if (OURS.test(name)) return { problem: `must not set ${name}` };
  }
  return { headers: Object.fromEntries(entries) };
}

function entriesOfJson(text: string): Array<[string, string]> | undefined {
  try {
    const entries = Object.entries(JSON.parse(text) as object);
    return entries.every(([, value]) => typeof value === "string") ? (entries as Array<[string, string]>) : undefined;
  } catch {
    return undefined;
  }
}

function entriesOfLines(text: string): Array<[string, string]> | undefined {
  const lines = text.split(/\r?\n/).filter((line) => line.trim() !== "");
  const entries = lines.map((line): [string, string] => {
    const at = line.indexOf(":");
    return [line.slice(0, Math.max(0, at)).trim(), line.slice(at + 1).trim()];
  });
  return entries.every(([name]) => name !== "") ? entries : undefined;
}
