import { spawn } from "node:child_process";
import { availableParallelism } from "node:os";

/** Bounded, however the bench itself ends. */
const LOOP = "for (const end = Date.now() + 60_000; Date.now() < end; );";

/**
 * Takes every core with what the kernel runs only when nobody else wants to (SCHED_IDLE, as the readers of PDFs run), and
 * does nothing there. Ends with its disposal. Without `chrt` there is nothing to compare with: the loops then end at once.
 */
export function startIdleLoops(): Disposable {
  const loops = Array.from({ length: availableParallelism() }, () => {
    const loop = spawn("chrt", ["--idle", "0", process.execPath, "--eval", LOOP], { stdio: "ignore" });
    loop.once("error", () => undefined);
    return loop;
  });
  return {
    [Symbol.dispose]() {
      for (const loop of loops) loop.kill("SIGKILL");
    },
  };
}
