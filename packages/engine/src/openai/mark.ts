/** A place in a response that the server keeps: the response's id, and the number of the last event that was read. */
export interface Mark {
  readonly id: string;
  readonly sequence: number;
}

export function writeMark({ id, sequence }: Mark): string {
  return `${sequence} ${id}`;
}

/** Parses a mark; undefined for any text that `writeMark` has not written. */
export function readMark(text: string): Mark | undefined {
  const [, sequence, id] = /^(\d{1,15}) (\S{1,200})$/.exec(text) ?? [];
  return id === undefined ? undefined : { id, sequence: Number(sequence) };
}
