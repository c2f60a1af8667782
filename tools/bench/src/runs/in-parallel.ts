/**
 * Calls `work` `count` times, at most `atOnce` at a time, and resolves with the results in order. After a call has
 * thrown, no further call starts.
 */
export async function inParallel<T>(count: number, atOnce: number, work: (index: number) => Promise<T>): Promise<T[]> {
  const answers: T[] = Array.from({ length: count });
  let next = 0;
  let failed = false;
  const lane = async (): Promise<void> => {
    while (next < count && !failed) {
      const index = next++;
      try {
        answers[index] = await work(index);
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, count) }, lane));
  return answers;
}
