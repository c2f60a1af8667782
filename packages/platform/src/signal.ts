/**
 * Resolves when this process has to end: at SIGINT, at SIGTERM, or when its launcher has ended.
 *
 * The launcher opens an IPC channel (`stdio: [..., "ipc"]`), which the system closes when the launcher ends, also by
 * SIGKILL. A process without such a channel (started by a shell, nohup, systemd) does not end with its parent.
 */
export function untilSignal(): Promise<"SIGINT" | "SIGTERM" | "parent-gone"> {
  return new Promise((resolve) => {
    // The listeners stay after the first signal. Ctrl-C sends the signal to every process of the group, and a launcher
    // passes it on as well. If the listeners were added with `once`, the second signal would end the process at once,
    // in the middle of its orderly end.
    process.on("SIGINT", () => resolve("SIGINT"));
    process.on("SIGTERM", () => resolve("SIGTERM"));
    if (!process.send) return;
    process.once("disconnect", () => resolve("parent-gone"));
    if (!process.connected) resolve("parent-gone"); // the launcher has ended while this process was starting
    process.channel?.unref(); // the listener for the channel must not keep the process alive
  });
}

/**
 * The message of {@link announceReady}. `port`: the port on which the process listens; undefined if it listens on none.
 */
export interface ReadyMessage {
  readonly type: "ready";
  readonly port?: number;
}

/** Reports to the launcher, over the IPC channel, that this process is ready. Does nothing without a channel. */
export function announceReady(facts: { port?: number } = {}): void {
  const message: ReadyMessage = { type: "ready", ...facts };
  // If the channel closes before the message is sent, this callback gets an error and ignores it: `untilSignal` reports
  // that the launcher is gone.
  process.send?.(message, undefined, undefined, () => undefined);
}

/** Whether a message that a child process has sent is a {@link ReadyMessage}. */
export function isReadyMessage(message: unknown): message is ReadyMessage {
  return typeof message === "object" && message !== null && "type" in message && message.type === "ready";
}
