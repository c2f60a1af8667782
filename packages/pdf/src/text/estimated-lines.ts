import type { Line, Precision } from "./layout.ts";

const WIDE = /[\u1100-\u11ff\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\uff00-\uff60]/g;

/** How exact the widths of lines are if they are estimated from the number of letters. */
export const ESTIMATED: Precision = { slack: 0.12 };

/**
 * Makes lines of a text without positions. Their widths are estimated: an em for each wide letter, half an em for any
 * other.
 */
export function estimatedLines(text: string): Line[] {
  return text.split("\n").map((line, index) => {
    const width = (line.trim().length + (line.match(WIDE)?.length ?? 0)) / 2;
    return { text: line, left: 0, right: width, baseline: -1.2 * index, size: width > 0 ? 1 : 0 };
  });
}
