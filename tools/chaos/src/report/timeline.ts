import { markup } from "@docrelay/testkit";
import type { Entry, EntryOf } from "../history.ts";

const WIDTH = 1400;
const LEFT = 130;
const LANE = 22;
const PLOT = 220;
const STEP_MS = 1000;
const COLOURS: Readonly<Record<string, string>> = {
  kill: "#d33",
  freeze: "#37c",
  stop: "#c80",
  reset: "#a3a",
  blackhole: "#444",
  "one-way": "#777",
  latency: "#7a4",
  bandwidth: "#4a7",
  slice: "#aa4",
};

/**
 * Draws a run as one self-contained page: at the top the faults of each target, below them the waiting times of users.
 */
export function drawTimeline(entries: readonly Entry[], title: string): string {
  const faults = entries.filter((entry): entry is EntryOf<"fault"> => entry.kind === "fault" && entry.target !== "all");
  const lengthMs = entries.reduce((most, { t }) => Math.max(most, t), 1);
  const x = (t: number): number => LEFT + (t / lengthMs) * (WIDTH - LEFT - 20);
  const targets = [...new Set(faults.map(({ target }) => target))].sort();
  const top = 40;
  const plotTop = top + targets.length * LANE + 30;
  const waits = waitsOf(entries);
  const most = Math.max(100, ...waits.map(({ ms }) => ms));
  const y = (ms: number): number => plotTop + PLOT - (Math.log10(Math.max(1, ms)) / Math.log10(most)) * PLOT;

  const lanes = targets.map(
    (target, index) =>
      markup`<text x="4" y="${top + index * LANE + 14}">${target}</text><line x1="${LEFT}" x2="${WIDTH}" y1="${top + index * LANE + 18}" y2="${top + index * LANE + 18}" stroke="#eee"/>`,
  );
  const bars = faults.map(({ t, fault, target, forMs }) => {
    // Faults of processes are recorded when they end, faults of connections when they begin.
    const isProcess = /^(kill|freeze|stop)/.test(fault) && !fault.includes("outer");
    const from = isProcess ? t - forMs : t;
    const colour = COLOURS[fault.split(" ")[0] ?? ""] ?? "#999";
    const wide = Math.max(3, x(from + forMs) - x(from));
    return markup`<rect x="${x(from).toFixed(1)}" y="${top + targets.indexOf(target) * LANE + 3}" width="${wide.toFixed(1)}" height="12" fill="${colour}" opacity="0.75"><title>${fault} ${target} at ${from} ms for ${forMs} ms</title></rect>`;
  });
  const dots = waits.map(
    ({ t, ms, kind }) =>
      markup`<circle cx="${x(t).toFixed(1)}" cy="${y(ms).toFixed(1)}" r="1.6" fill="${kind === "end" ? "#37c" : kind === "ack" ? "#3a3" : "#d33"}" opacity="0.5"/>`,
  );
  const ticks = [1, 10, 100, 1000, 10_000, 100_000]
    .filter((ms) => ms <= most)
    .map(
      (ms) =>
        markup`<text x="${LEFT - 60}" y="${y(ms) + 4}">${ms} ms</text><line x1="${LEFT}" x2="${WIDTH}" y1="${y(ms)}" y2="${y(ms)}" stroke="#ddd"/>`,
    );
  const seconds = Array.from({ length: Math.floor(lengthMs / STEP_MS / 10) + 1 }, (_, index) => index * 10).map(
    (second) => markup`<text x="${x(second * STEP_MS)}" y="${plotTop + PLOT + 18}">${second} s</text>`,
  );
  const legend = Object.entries(COLOURS).map(([name, colour]) => markup`<tspan fill="${colour}">■ ${name} </tspan>`);
  return String(markup`<!doctype html><meta charset="utf-8"><title>${title}</title>
<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${plotTop + PLOT + 60}" font-family="sans-serif" font-size="11">
<text x="4" y="16" font-size="14">${title}</text><text x="4" y="32">${legend}</text>
${lanes}
${bars}
${ticks}
${dots}
${seconds}
<text x="${LEFT}" y="${plotTop + PLOT + 40}"><tspan fill="#3a3">● send to acknowledgement </tspan><tspan fill="#37c">● acknowledgement to end </tspan><tspan fill="#d33">● lost connection to caught up</tspan></text>
</svg>
`);
}

type Wait = { t: number; ms: number; kind: "ack" | "end" | "recovery" };

function waitsOf(entries: readonly Entry[]): Wait[] {
  const acked = new Map<string, number>();
  const ended = new Set<string>();
  const waits: Wait[] = [];
  for (const entry of entries) {
    if (entry.kind === "acked") {
      if (!acked.has(entry.ask)) acked.set(entry.ask, entry.t);
      waits.push({ t: entry.t, ms: entry.ms, kind: "ack" });
    }
    if (entry.kind === "recovered") waits.push({ t: entry.t, ms: entry.lostMs, kind: "recovery" });
    if (entry.kind !== "shown" || !["completed", "failed", "cancelled"].includes(entry.type)) continue;
    const from = acked.get(entry.ask);
    if (from === undefined || ended.has(entry.ask)) continue;
    ended.add(entry.ask);
    waits.push({ t: entry.t, ms: Math.max(1, entry.t - from), kind: "end" });
  }
  return waits;
}
