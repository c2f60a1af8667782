/** A queue of callers that wait for a value. Urgent callers are served first, the others in order of arrival. */
export interface Turns<T> {
  readonly waiting: number;
  /** Waits for a value from `serve`. @throws the signal's reason, or the error that is passed to `endAll`. */
  wait(signal: AbortSignal, isUrgent: boolean): Promise<T>;
  /** Gives the callers, in order, the values that `find` returns, until no caller waits or `find` returns undefined. */
  serve(find: (isUrgent: boolean) => T | undefined): void;
  endAll(this: void, error: unknown): void;
}

interface Caller<T> {
  readonly isUrgent: boolean;
  grant(thing: T): void;
  refuse(error: unknown): void;
}

export function createTurns<T>(): Turns<T> {
  const callers: Array<Caller<T>> = [];
  const leave = (caller: Caller<T>): void => {
    const index = callers.indexOf(caller);
    if (index >= 0) callers.splice(index, 1);
  };
  return {
    get waiting() {
      return callers.length;
    },
    wait(signal, isUrgent) {
      const { promise, resolve, reject } = Promise.withResolvers<T>();
      const onAbort = (): void => {
        leave(caller);
        reject(signal.reason);
      };
      const caller = {
        isUrgent,
        grant(thing: T) {
          signal.removeEventListener("abort", onAbort);
          resolve(thing);
        },
        refuse(error: unknown) {
          signal.removeEventListener("abort", onAbort);
          reject(error);
        },
      };
      signal.addEventListener("abort", onAbort, { once: true });
      const behind = isUrgent ? callers.findIndex((other) => !other.isUrgent) : -1;
      callers.splice(behind < 0 ? callers.length : behind, 0, caller);
      return promise;
    },
    serve(find) {
      for (let [caller] = callers; caller; [caller] = callers) {
        const thing = find(caller.isUrgent);
        if (thing === undefined) return;
        leave(caller);
        caller.grant(thing);
      }
    },
    endAll(error: unknown) {
      for (const { refuse } of callers.splice(0)) refuse(error);
    },
  };
}
