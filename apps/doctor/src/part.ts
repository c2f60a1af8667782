/** One finding. `problem`: asks fail, or will fail; `note`: useful to know; `ok`: as it should be. */
export interface Finding {
  readonly level: "ok" | "note" | "problem";
  /** The subject of the finding, such as `connection`. */
  readonly about: string;
  readonly text: string;
}

/** The findings about one part of a deployment. */
export interface PartReport {
  readonly part: string;
  /** The part's address, without secrets. */
  readonly address: string;
  readonly findings: readonly Finding[];
  /** Settings that the report recommends, by name. */
  readonly settings: Readonly<Record<string, string>>;
  /** The findings as values, for programs. */
  readonly facts: object;
}

export interface DoctorReport {
  /** Whether no part has a problem. */
  readonly ok: boolean;
  readonly parts: readonly PartReport[];
}

export function reportOf(parts: readonly PartReport[]): DoctorReport {
  return { ok: parts.every(({ findings }) => findings.every(({ level }) => level !== "problem")), parts };
}

const MARKS = { ok: "ok  ", note: "note", problem: "!!  " };

/** Returns the report as text for people. */
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
