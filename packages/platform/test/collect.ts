import { Writable } from "node:stream";

/** Makes a log destination that keeps all lines. */
export function collect(): { lines: () => Array<Record<string, unknown>>; text: () => string; destination: Writable } {
  let text = "";
  const destination = new Writable({
    write(chunk: Buffer, _encoding, done) {
      text += chunk.toString();
      done();
    },
  });
  return {
    text: () => text,
    destination,
    lines: () =>
      text
        .split("\n")
        .filter(Boolean)
        .map((line) => JSON.parse(line) as Record<string, unknown>),
  };
}
