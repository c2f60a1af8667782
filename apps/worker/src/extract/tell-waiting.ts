import { peekWaiting, publishProgress, type Store } from "@docrelay/channel";
import type { Progress } from "@docrelay/protocol";

/** Publishes the progress of a file to at most `most` of the asks that wait for its text. The hint may be lost. */
export async function tellWaiting(
  store: Store,
  text: string,
  most: number,
  progress: Pick<Progress, "stage" | "page" | "pages" | "position">,
): Promise<void> {
  const waiting = await peekWaiting(store, text, most);
  const sent = waiting.map(async ({ ask, ...address }) => {
    if (!ask) return;
    const { conversation, id, file } = ask;
    await publishProgress(store, address, { conversation, ask: id, file, ...progress });
  });
  await Promise.all(sent);
}
