/** Shows how a run gets on: one line that is written over on a terminal, else a line now and then. */
export interface ProgressLine extends Disposable {
  /** Replaces the line; `show` is asked for its text twice a second. */
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
