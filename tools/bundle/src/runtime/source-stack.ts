import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { sourceOf, type SourceMap } from "./source-position.ts";

/* Makes stack traces name the sources. It is part of each traced program, as the first import.
   Node's own support of source maps reads the map at each start, which doubles an edge's CPU time until it is ready
   and adds 45 MB; here the map is read when a stack is first used. */

const MAX_KNOWN = 1000;
const { url } = import.meta;
const known = new Map<string, string>();
let map: SourceMap | undefined;

Error.prepareStackTrace = (error, sites) =>
  [describe(error), ...sites.map((site) => `    at ${withSource(String(site as unknown))}`)].join("\n");

function describe(error: Error): string {
  try {
    return Error.prototype.toString.call(error);
  } catch {
    return "Error"; // reading the error's name or message has thrown
  }
}

/**
 * Replaces the position in this bundle by that in its source, in a line of a stack such as `run
 * (file:///…/edge.mjs:12:3)`.
 */
function withSource(line: string): string {
  const at = line.indexOf(`${url}:`);
  const [place, row, column] = at < 0 ? [] : (/^:(\d+):(\d+)/.exec(line.slice(at + url.length)) ?? []);
  if (place === undefined) return line;
  let source = known.get(place);
  source ??= locate(Number(row), Number(column)) ?? url + place;
  if (known.size < MAX_KNOWN) known.set(place, source);
  return line.slice(0, at) + source + line.slice(at + url.length + place.length);
}

function locate(row: number, column: number): string | undefined {
  try {
    map ??= JSON.parse(readFileSync(fileURLToPath(`${url}.map`), "utf8")) as SourceMap;
    const found = sourceOf(map, row, column);
    return found && `${new URL(found.source, url).href}:${found.line}:${found.column}`;
  } catch {
    return undefined; // without a source map, stack traces name the program's own file
  }
}
