/** The id of a server's response, and the number of its last event that was read. */
export interface Mark {
  readonly id: string;
  readonly sequence: number;
}

export function writeMark({ id, sequence }: Mark): string {
  return `${sequence} ${id}`;
}

/** Parses a mark; undefined for a text that this engine did not write. */
export function readMark(text: string): Mark | undefined {
  const [, sequence, id] = /^(\d{1,15}) (\S{1,200})$/.exec(text) ?? [];
  return id === undefined ? undefined : { id, sequence: Number(sequence) };
}
