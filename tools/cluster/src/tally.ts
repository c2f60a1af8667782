/** Counts what happens to the asks and connections of a check's users, by phase. */
export interface Tally {
  /** Begins a phase: all later counts belong to it. */
  enter(phase: string): void;
  asked(): void;
  answered(): void;
  /** An acknowledged ask has no terminal event after a minute. */
  lost(ask: string): void;
  /** An ask was accepted twice, ended twice, had an event twice, or got the answer of another ask. */
  wrong(what: string): void;
  /** An ask failed or was cancelled, was refused for good, or was not acknowledged within a minute. */
  failed(what: string): void;
  /** An ask was refused for now or got no answer, and is retried with the same id. */
  retried(): void;
  /** A client has caught up over a new connection, `ms` after the end of the earlier one. */
  gap(ms: number): void;
  /** An ask has ended. `ms`: its longest silence, from the question to the first event or between two events. */
  silence(ms: number, hasFile?: boolean): void;
  readonly phases: readonly Phase[];
  readonly findings: readonly string[];
}

export interface Phase {
  readonly name: string;
  asks: number;
  answers: number;
  lost: number;
  wrong: number;
  failed: number;
  retried: number;
  readonly gaps: number[];
  readonly silences: number[];
  /** Those values of `silences` that belong to asks with a file. */
  readonly fileSilences: number[];
}

const MAX_FINDINGS = 20;

export function createTally(): Tally {
  const phases: Phase[] = [];
  const findings: string[] = [];
  const begin = (name: string): Phase => {
    const counts = { asks: 0, answers: 0, lost: 0, wrong: 0, failed: 0, retried: 0 };
    const phase = { name, ...counts, gaps: [], silences: [], fileSilences: [] };
    phases.push(phase);
    return phase;
  };
  let now: Phase | undefined;
  const current = (): Phase => (now ??= begin("start"));
  const note = (text: string): void => {
    if (findings.length < MAX_FINDINGS) findings.push(`${current().name}: ${text}`);
  };
  return {
    enter: (name) => void (now = begin(name)),
    asked: () => void current().asks++,
    answered: () => void current().answers++,
    lost(ask) {
      current().lost++;
      note(`ask ${ask} has no end`);
    },
    wrong(what) {
      current().wrong++;
      note(what);
    },
    failed(what) {
      current().failed++;
      note(what);
    },
    retried: () => void current().retried++,
    gap: (ms) => void current().gaps.push(ms),
    silence(ms, hasFile = false) {
      current().silences.push(ms);
      if (hasFile) current().fileSilences.push(ms);
    },
    phases,
    findings,
  };
}

/** Returns the percentile for a share from 0 to 1, by nearest rank; undefined if there are no values. */
export function percentile(values: readonly number[], share: number): number | undefined {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
}
