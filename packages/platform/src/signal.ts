/**
 * Resolves when this process is to end: at SIGINT, at SIGTERM, or when its launcher has ended.
 *
 * For the last, the launcher opens an IPC channel (`stdio: [..., "ipc"]`): the system closes the channel when the
 * launcher ends, also by SIGKILL. A process without a channel (started by a shell, nohup, systemd) outlives its parent.
 */
export function untilSignal(): Promise<"SIGINT" | "SIGTERM" | "parent-gone"> {
  return new Promise((resolve) => {
    // `on`, not `once`: Ctrl-C sends the signal to every process of the group, and a launcher passes it on as well.
    // After `once`, the second signal's default action would end the process in the middle of its orderly end.
    process.on("SIGINT", () => resolve("SIGINT"));
    process.on("SIGTERM", () => resolve("SIGTERM"));
    if (!process.send) return;
    process.once("disconnect", () => resolve("parent-gone"));
    if (!process.connected) resolve("parent-gone"); // the launcher ended while this process was starting
    process.channel?.unref(); // listening to the channel must not keep a finished process alive
  });
}

/** What {@link announceReady} sends. `port` is where the process listens, if it does. */
export interface ReadyMessage {
  readonly type: "ready";
  readonly port?: number;
}

/** Tells the launcher, over the IPC channel, that this process serves. Does nothing without a channel. */
export function announceReady(facts: { port?: number } = {}): void {
  const message: ReadyMessage = { type: "ready", ...facts };
  // The callback ignores the error of a channel that closes meanwhile: `untilSignal` reports that end.
  process.send?.(message, undefined, undefined, () => undefined);
}

/** Whether a message of a child process is its {@link ReadyMessage}. */
export function isReadyMessage(message: unknown): message is ReadyMessage {
  return typeof message === "object" && message !== null && "type" in message && message.type === "ready";
}
