/** A response of the server, and the number of the last event of it that was read. */
export interface Mark {
  readonly id: string;
  readonly sequence: number;
}

export function writeMark({ id, sequence }: Mark): string {
  return `${sequence} ${id}`;
}

/** Undefined for a mark that this engine did not write. */
export function readMark(text: string): Mark | undefined {
  const [, sequence, id] = /^(\d{1,15}) (\S{1,200})$/.exec(text) ?? [];
  return id === undefined ? undefined : { id, sequence: Number(sequence) };
}
