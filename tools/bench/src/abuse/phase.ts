import { createHistogram } from "../measure/histogram.ts";
import { spreadOf } from "../measure/spread.ts";

/** What honest users measured before, during or after an abuse. */
export interface Phase {
  /** The times from sending a question to the end of its answer, in ms. */
  readonly text: ReturnType<typeof createHistogram>;
  /** The times for a PDF of one page, from sending its first byte to the answer about it, in ms. */
  readonly pdf: ReturnType<typeof createHistogram>;
  /** How often asks and files were refused or failed, and connections failed or ended, by code. */
  readonly refused: Record<string, number>;
  sent: number;
}

export function createPhase(): Phase {
  return { text: createHistogram(), pdf: createHistogram(), refused: {}, sent: 0 };
}

/** Memory in bytes: of each edge, in the order of `Cluster.edges`, and of Redis. */
export interface Memory {
  readonly edges: readonly number[];
  readonly redis: number;
}

/** One run of one abuse, with the quiet phases before and after it. */
export interface Round {
  readonly abuse: string;
  readonly before: Phase;
  readonly during: Phase;
  readonly after: Phase;
  readonly memoryBefore: Memory;
  /** The highest memory of each edge and of Redis, during and after the abuse. */
  readonly memoryMost: Memory;
  /** Counts of the answers that the abuser received. */
  readonly seen: Readonly<Record<string, number>>;
  /** Asks of honest users that were running when the round was over, and did not end within the next half minute. */
  readonly lost: number;
}

export interface Promises {
  /** During an abuse, questions and small PDFs of honest users may take this many times as long as without one. */
  readonly ratio: number;
  /** If users wait less than this without an abuse, the ratio is computed as if they had waited this many ms. */
  readonly unnoticedMs: number;
  readonly edgeBytes: number;
  readonly redisBytes: number;
}

/**
 * The times of honest users in the quiet phases (without an abuse) before all abuses of a run: one histogram for
 * questions, one for PDFs.
 */
export type Quiet = Pick<Phase, "text" | "pdf">;

/**
 * Merges the quiet phases before the abuses, of all rounds, into one. A single quiet phase has only about 30 PDFs, so
 * its p99 is its slowest PDF, which differs by a factor of ten from one quiet phase to the next.
 */
export function quietOf(rounds: readonly Round[]): Quiet {
  const quiet = createPhase();
  for (const { before } of rounds) for (const kind of ["text", "pdf"] as const) quiet[kind].add(before[kind]);
  return quiet;
}

/** Returns the rounds of each abuse, in the order in which the abuses first ran. */
export function byAbuse(rounds: readonly Round[]): Round[][] {
  return [...Map.groupBy(rounds, ({ abuse }) => abuse).values()];
}

/**
 * Returns how many times as long honest users waited during the abuse as without it, by the percentile `p`; the median
 * of the rounds. A p50 is compared with that of the quiet phase before the same abuse, a p99 with that of all such
 * phases of the run (`allQuiet`). A wait without an abuse of less than `least` ms counts as `least`.
 */
export function ratioOf(
  rounds: readonly Round[],
  { kind, p, allQuiet, least = 1 }: { kind: "text" | "pdf"; p: 50 | 99; allQuiet: Quiet; least?: number },
): number {
  return medianOf(
    rounds.map(({ before, during }) => {
      const quiet = (p === 50 ? before : allQuiet)[kind].percentile(p);
      return during[kind].percentile(p) / Math.max(least, quiet);
    }),
  );
}

/**
 * Returns the broken promises of the rounds of one abuse, one sentence each; empty when all were kept. Times are judged
 * by the median of the rounds: if another program takes a core for a moment, ten users wait at once, and these few
 * answers decide the p99 of a whole round. Refusals, lost asks and memory break a promise even in a single round.
 */
export function brokenBy(rounds: readonly Round[], allQuiet: Quiet, promised: Promises): string[] {
  const { ratio: most, unnoticedMs: least } = promised;
  const broken: string[] = [];
  for (const kind of ["text", "pdf"] as const) {
    if (rounds.some(({ during }) => during[kind].count === 0)) broken.push(`no ${kind} was answered`);
    for (const p of [50, 99] as const) {
      const ratio = ratioOf(rounds, { kind, p, allQuiet, least });
      if (ratio > most) broken.push(`${kind} p${p} took ${ratio.toFixed(1)} × as long`);
    }
  }
  for (const round of rounds) broken.push(...harmOf(round, promised));
  return [...new Set(broken)];
}

function harmOf({ during, after, lost, memoryBefore, memoryMost }: Round, promised: Promises): string[] {
  const harm: string[] = [];
  for (const [when, { refused }] of Object.entries({ during, after })) {
    const all = Object.entries(refused).map(([code, count]) => `${count} × ${code}`);
    if (all.length > 0) harm.push(`honest users were refused ${when} it: ${all.join(", ")}`);
  }
  if (lost > 0) harm.push(`${lost} acknowledged asks have no end`);
  memoryMost.edges.forEach((most, index) => {
    const more = most - (memoryBefore.edges[index] ?? 0);
    if (more > promised.edgeBytes) harm.push(`an edge grew by ${megabytes(more)} MB`);
  });
  const more = memoryMost.redis - memoryBefore.redis;
  if (more > promised.redisBytes) harm.push(`Redis grew by ${megabytes(more)} MB`);
  return harm;
}

export function medianOf(numbers: readonly number[]): number {
  return spreadOf(numbers)?.median ?? 0;
}

export function megabytes(bytes: number): number {
  return Math.round(bytes / 1e6);
}
