/**
 * Calls each listener. The error of a listener is thrown later, as an uncaught one, so that the other listeners are
 * still called.
 */
export function tellAll<T>(listeners: Iterable<T>, say: (listener: T) => void): void {
  // The listeners are copied first, because a listener may add or remove another one.
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
