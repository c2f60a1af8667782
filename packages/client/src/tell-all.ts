/**
 * Calls each listener. An error of one listener is thrown separately, as uncaught, so that the others are still called.
 */
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
