/** One thing that was found. `problem`: asks fail, or will; `note`: good to know; `ok`: as it should be. */
export interface Finding {
  readonly level: "ok" | "note" | "problem";
  /** What it is about, such as `connection`. */
  readonly about: string;
  readonly text: string;
}

/** What was found of one part of a deployment. */
export interface PartReport {
  readonly part: string;
  /** Where it is, without secrets. */
  readonly address: string;
  readonly findings: readonly Finding[];
  /** Settings to write, by name. */
  readonly settings: Readonly<Record<string, string>>;
  /** The same as numbers, for programs. */
  readonly facts: object;
}

export interface DoctorReport {
  /** No part has a problem. */
  readonly ok: boolean;
  readonly parts: readonly PartReport[];
}

export function reportOf(parts: readonly PartReport[]): DoctorReport {
  return { ok: parts.every(({ findings }) => findings.every(({ level }) => level !== "problem")), parts };
}

const MARKS = { ok: "ok  ", note: "note", problem: "!!  " };

/** The report for people. */
export function inWords({ ok, parts }: DoctorReport): string {
  const lines = parts.flatMap(({ part, address, findings, settings }) => {
    const written = Object.entries(settings).map(([name, value]) => `    ${name}=${value}`);
    return [
      `${part} ${address}`.trimEnd(),
      ...findings.map(({ level, about, text }) => `  ${MARKS[level]} ${about}: ${text}`),
      ...(written.length > 0 ? ["  Settings to write:", ...written] : []),
      "",
    ];
  });
  return [...lines, ok ? "All is well." : "There are problems, marked !!.", ""].join("\n");
}
