import type { Store } from "@docrelay/channel";
import type { Consumer } from "@docrelay/jobs";
import { tellWaiting } from "./tell-waiting.ts";

const EVERY_MS = 1000;
/** The lease of the list is shorter than the interval, so that the next tick of the same process gets the list again. */
const LISTED_MS = 900;
/** The users of files that are further behind in the queue are told no place. */
const MAX_FILES = 50;
/** How many asks that wait for the same file are told its place. */
const MAX_ASKS = 20;

/**
 * Publishes every second to the asks that wait for a file's text which place the file has in the queue of extractions.
 * The place is a hint: it may rise, when files of users with fewer waiting files come.
 */
export function startQueuePlaces(
  store: Store,
  consumer: Pick<Consumer, "waiting">,
  onError: (error: unknown) => void,
): Disposable {
  let running = false;
  const timer = setInterval(() => {
    if (running) return;
    running = true;
    publishPlaces(store, consumer)
      .catch(onError)
      .finally(() => void (running = false));
  }, EVERY_MS);
  timer.unref();
  return { [Symbol.dispose]: () => clearInterval(timer) };
}

async function publishPlaces(store: Store, consumer: Pick<Consumer, "waiting">): Promise<void> {
  const texts = await consumer.waiting(MAX_FILES, LISTED_MS);
  await Promise.all(
    texts.map((text, index) => tellWaiting(store, text, MAX_ASKS, { stage: "queued", position: index + 1 })),
  );
}
