/** Calls each listener. One that throws must not keep the call from the others: its error is thrown apart, as uncaught. */
export function tellAll<T>(listeners: Iterable<T>, say: (listener: T) => void): void {
  // A copy: a listener may add or remove another one.
  for (const listener of [...listeners]) {
    try {
      say(listener);
    } catch (error) {
      setTimeout(() => {
        throw error;
      });
    }
  }
}
