import { inOrder, say, spokenTag } from "./say.ts";

/** Formats a number of bytes: 1,234,567 becomes "1.2 MB", in French "1,2 Mo". */
export function size(bytes: number): string {
  const units = ["byte", "kilobyte", "megabyte", "gigabyte"];
  const power = Math.min(units.length - 1, bytes < 1000 ? 0 : Math.floor(Math.log10(bytes) / 3));
  const value = bytes / 1000 ** power;
  return written(value, power === 0 || value >= 100 ? 0 : 1, {
    style: "unit",
    unit: units[power],
    // `"long"` writes "999 bytes", where `"short"` would write "999 byte".
    unitDisplay: power === 0 ? "long" : "short",
  });
}

/** Formats a limit as operators set it: 26,214,400 bytes become "25 MiB", not "26.2 MB". */
export function wholeSize(bytes: number): string {
  return bytes > 0 && bytes % 2 ** 20 === 0 ? inOrder(`${written(bytes / 2 ** 20, 0)} MiB`) : size(bytes);
}

/** Groups page numbers into runs: [1, 2, 3, 7] becomes 1 to 3 and 7 to 7. */
export function pageRuns(pages: readonly number[]): Array<readonly [from: number, to: number]> {
  const runs: Array<[number, number]> = [];
  for (const page of pages) {
    const last = runs.at(-1);
    if (last && page === last[1] + 1) last[1] = page;
    else runs.push([page, page]);
  }
  return runs;
}

/** Formats page numbers: [1, 2, 3, 7] becomes "1–3, 7". A list of more than `most` runs (see `pageRuns`) is cut. */
export function pageList(pages: readonly number[], most = 6): string {
  const runs = pageRuns(pages);
  const shown = runs.slice(0, most).map(([from, to]) => pageRun(from, to));
  return shown.join(say("comma")) + (runs.length > most ? " …" : "");
}

/** Formats the pages from one to another, as "3" or "3–5". */
export function pageRun(from: number, to: number): string {
  return from === to ? written(from, 0) : `${written(from, 0)}–${written(to, 0)}`;
}

/** Formats a time: 1500 ms become "1.5 sec", in Japanese "1.5 秒". */
export function duration(ms: number, digits = 1): string {
  return written(ms / 1000, digits, { style: "unit", unit: "second", unitDisplay: "short" });
}

/** Formats are cached, because making a format takes longer than everything else that is done for a number. */
const formats = new Map<string, Intl.NumberFormat>();

function written(value: number, digits: number, unit: Intl.NumberFormatOptions = {}): string {
  const key = `${spokenTag()} ${digits} ${unit.unit ?? ""}`;
  const known = formats.get(key);
  if (known) return known.format(value);
  const style = { minimumFractionDigits: digits, maximumFractionDigits: digits, ...unit };
  const made = new Intl.NumberFormat(spokenTag(), style);
  formats.set(key, made);
  return made.format(value);
}
