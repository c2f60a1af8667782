/** Shows the progress of a run: on a terminal one line that is overwritten, elsewhere a line every few seconds. */
export interface ProgressLine extends Disposable {
  /** Sets the text of the line; `show` is called each time the line is written. */
  follow(show: () => string): void;
}

const TERMINAL_MS = 500;
const ELSEWHERE_MS = 5000;
const CLEAR_LINE = "\r\u001b[K";

export function createProgressLine(out: { isTTY?: boolean; write(text: string): unknown }): ProgressLine {
  const terminal = out.isTTY === true;
  let show: (() => string) | undefined;
  const timer = setInterval(
    () => {
      if (show) out.write(terminal ? `${CLEAR_LINE}${show()}` : `${show()}\n`);
    },
    terminal ? TERMINAL_MS : ELSEWHERE_MS,
  );
  timer.unref();
  return {
    follow: (next) => void (show = next),
    [Symbol.dispose]() {
      clearInterval(timer);
      if (terminal) out.write(CLEAR_LINE);
    },
  };
}
