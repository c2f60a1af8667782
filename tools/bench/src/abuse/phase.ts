import { createHistogram } from "../measure/histogram.ts";

/** The measurements of honest users during one part of a run. */
export interface Phase {
  /** The times from sending a question to the end of its answer, in ms. */
  readonly text: ReturnType<typeof createHistogram>;
  /** The times for a PDF of one page, from sending its first byte to the answer about it, in ms. */
  readonly pdf: ReturnType<typeof createHistogram>;
  /** Refused or failed asks and files, and connections that ended, by code. */
  readonly refused: Record<string, number>;
  sent: number;
}

export function createPhase(): Phase {
  return { text: createHistogram(), pdf: createHistogram(), refused: {}, sent: 0 };
}

/** The memory of all parts of the relay, in bytes: of each edge, in the order of the edges, and of Redis. */
export interface Memory {
  readonly edges: readonly number[];
  readonly redis: number;
}

/** One abuse, with the time before and after it. */
export interface Round {
  readonly abuse: string;
  readonly before: Phase;
  readonly during: Phase;
  readonly after: Phase;
  readonly memoryBefore: Memory;
  /** The highest memory of each part during and after the abuse. */
  readonly memoryMost: Memory;
  /** Counts of the answers that the abuser received. */
  readonly seen: Readonly<Record<string, number>>;
  /** Asks of honest users that were running when the round was over, and did not end within the next half minute. */
  readonly lost: number;
}

export interface Promises {
  /** How many times as long as in quiet times honest questions and small PDFs may take. */
  readonly ratio: number;
  /** Times below this many ms never count as harm, whatever the ratio. */
  readonly unnoticedMs: number;
  readonly edgeBytes: number;
  readonly redisBytes: number;
}

/** The quiet times before the abuses of a run, together. */
export type Quiet = Pick<Phase, "text" | "pdf">;

/**
 * Puts together the quiet times of all rounds. One quiet time has about 30 PDFs, so its p99 is its slowest PDF, which
 * differs by a factor of ten from one quiet time to the next.
 */
export function quietOf(rounds: readonly Round[]): Quiet {
  const quiet = createPhase();
  for (const { before } of rounds) for (const kind of ["text", "pdf"] as const) quiet[kind].add(before[kind]);
  return quiet;
}

/**
 * Returns the broken promises of a round, one sentence each; empty when all were kept. Its p50 is compared with that of
 * the quiet time before it, and its p99 with that of all quiet times of the run.
 */
export function brokenBy(round: Round, allQuiet: Quiet, promised: Promises): string[] {
  const { before, during, after, memoryBefore, memoryMost } = round;
  const broken: string[] = [];
  for (const kind of ["text", "pdf"] as const) {
    if (during[kind].count === 0) broken.push(`no ${kind} was answered`);
    for (const [p, quietTimes] of [[50, before] as const, [99, allQuiet] as const]) {
      const quiet = Math.max(promised.unnoticedMs, quietTimes[kind].percentile(p));
      const ratio = during[kind].percentile(p) / quiet;
      if (ratio > promised.ratio) broken.push(`${kind} p${p} took ${ratio.toFixed(1)} × as long`);
    }
  }
  for (const [when, { refused }] of Object.entries({ during, after })) {
    const all = Object.entries(refused).map(([code, count]) => `${count} × ${code}`);
    if (all.length > 0) broken.push(`honest users were refused ${when} it: ${all.join(", ")}`);
  }
  if (round.lost > 0) broken.push(`${round.lost} acknowledged asks have no end`);
  memoryMost.edges.forEach((most, index) => {
    const more = most - (memoryBefore.edges[index] ?? 0);
    if (more > promised.edgeBytes) broken.push(`an edge grew by ${megabytes(more)} MB`);
  });
  const more = memoryMost.redis - memoryBefore.redis;
  if (more > promised.redisBytes) broken.push(`Redis grew by ${megabytes(more)} MB`);
  return [...new Set(broken)];
}

export function megabytes(bytes: number): number {
  return Math.round(bytes / 1e6);
}
