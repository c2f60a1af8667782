import { markup, type Markup } from "@docrelay/testkit";
import type { Latency } from "../measure/histogram.ts";
import type { Result, Section } from "./result.ts";

const WIDTH = 720;
const HEIGHT = 300;
const LEFT = 56;
/** The width of the space to the right of the curves, in which their names are. */
const RIGHT = 110;
const BOTTOM = 28;
const COLORS = ["#2563eb", "#d97706", "#059669", "#dc2626", "#7c3aed", "#0891b2", "#be185d", "#4d7c0f", "#475569"];
/**
 * The right end of the axis of percentiles, counted in nines (4: the percentile 99.99); higher percentiles are drawn
 * there too.
 */
const NINES = 4;

/** Returns a result as one self-contained HTML page: tables, and for each latency its curve over the percentiles. */
export function reportHtml(result: Result): string {
  const settings = Object.entries(result.settings)
    .map(([name, value]) => `${name} ${value}`)
    .join(" · ");
  return pageHtml({
    title: `${result.kind} (${result.protocol})`,
    at: result.at,
    settings,
    body: result.sections.map(sectionHtml),
  });
}

/** Returns a self-contained HTML page. */
export function pageHtml(of: { title: string; at: string; settings: string; body: readonly Markup[] }): string {
  return String(markup`<!doctype html>
<html lang="en"><meta charset="utf-8"><title>docrelay bench: ${of.title}</title>
<style>
body { font: 15px/1.5 system-ui, sans-serif; max-width: 800px; margin: 2rem auto; padding: 0 1rem; color: #1e293b }
table { border-collapse: collapse; margin: .5rem 0 1.5rem } td, th { padding: .15rem .8rem; text-align: right }
td:first-child, th:first-child { text-align: left } tr { border-bottom: 1px solid #e2e8f0 }
svg { width: 100%; height: auto } text { font: 11px system-ui, sans-serif; fill: #475569 }
</style>
<h1>${of.title}</h1>
<p>${of.at}<br>${of.settings}</p>
${of.body}
</html>
`);
}

function sectionHtml({ title, latencies, figures, errors }: Section): Markup {
  const head = row("th", ["ms", "p50", "p95", "p99", "max", "count"]);
  const times = latencies.map(({ name, p50, p95, p99, max, count }) =>
    row("td", [name, ...[p50, p95, p99, max].map((ms) => ms.toFixed(2)), String(count)]),
  );
  const numbers = [
    ...figures.map(({ name, value, unit }) => row("td", [name, String(value), unit])),
    ...Object.entries(errors).map(([code, count]) => row("td", [`error ${code}`, String(count), ""])),
  ];
  return markup`<h2>${title}</h2>
${latencies.length > 0 ? markup`${curves(latencies)}<table>${head}${times}</table>` : ""}
<table>${numbers}</table>
`;
}

/** Returns a table with a title; the first row is its head. */
export function tableHtml(title: string, [head = [], ...rows]: ReadonlyArray<readonly string[]>): Markup {
  return markup`<h2>${title}</h2>
<table>${row("th", head)}${rows.map((cells) => row("td", cells))}</table>
`;
}

function row(tag: "td" | "th", cells: readonly string[]): Markup {
  return markup`<tr>${cells.map((cell) => markup`<${tag}>${cell}</${tag}>`)}</tr>`;
}

/**
 * Draws percentiles to the right and ms upwards. A percentile stands at the number of its nines (90 at 1, 99.9 at 3),
 * and ms are logarithmic, so that the tails are visible.
 */
function curves(latencies: readonly Latency[]): Markup {
  const highest = Math.max(1, ...latencies.map(({ max }) => max));
  const [low, high] = [-1, Math.ceil(Math.log10(highest))];
  const x = (p: number): number =>
    LEFT + (Math.min(NINES, -Math.log10(Math.max(1e-9, 1 - p / 100))) / NINES) * (WIDTH - LEFT - RIGHT);
  const y = (ms: number): number => {
    const share = (Math.log10(Math.max(0.1, ms)) - low) / (high - low);
    return HEIGHT - BOTTOM - share * (HEIGHT - BOTTOM - 10);
  };
  const rules = Array.from({ length: high - low + 1 }, (_, index) => {
    const ms = 10 ** (low + index);
    return markup`<line x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y(ms)}" y2="${y(ms)}" stroke="#e2e8f0"/><text x="4" y="${y(ms) + 4}">${ms} ms</text>`;
  });
  const marks = [50, 90, 99, 99.9, 99.99].map(
    (p) => markup`<text text-anchor="middle" x="${x(p)}" y="${HEIGHT - 8}">p${p}</text>`,
  );
  const lines = latencies.map(({ name, curve }, index) => {
    const color = COLORS[index % COLORS.length] ?? "";
    const points = curve.map(([p, ms]) => `${x(p).toFixed(1)},${y(ms).toFixed(1)}`).join(" ");
    return markup`<polyline fill="none" stroke="${color}" stroke-width="2" points="${points}"/><text x="${WIDTH - RIGHT + 14}" y="${20 + index * 15}" style="fill:${color}">${name}</text>`;
  });
  return markup`<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img">${rules}${marks}${lines}</svg>`;
}
