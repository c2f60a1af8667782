import type { S3Client } from "./s3-client.ts";
import { isOver, PLACE, type BlobObject } from "./s3-listing.ts";
import { list, removeAll } from "./s3-objects.ts";

/**
 * Creates a function that removes expired blobs. A call lists up to `maxPages` pages, beginning where the last call
 * ended, or at the beginning after an error. The objects of a blob follow one another, and a listing can start after a
 * given blob's name.
 */
export function createSweep(client: S3Client, maxPages: number): () => Promise<number> {
  const place = client.place.prefix + PLACE;
  let resumeAt: string | undefined;
  return async () => {
    const first = resumeAt;
    resumeAt = undefined;
    let removed = 0;
    let blob: BlobObject[] = [];
    const end = async (now: number): Promise<void> => {
      if (blob.length > 0 && isOver(blob, now)) {
        await removeAll(client, blob);
        removed++;
      }
      blob = [];
    };
    let query: Record<string, string> = first === undefined ? {} : { "start-after": `${place}${first}` };
    for (let pages = 1; ; pages++) {
      const page = await list(client, { prefix: place, ...query });
      for (const object of page.objects) {
        if (blob[0] && blob[0].ref !== object.ref) await end(page.now);
        blob.push(object);
      }
      if (page.next === undefined) {
        await end(page.now);
        return removed;
      }
      // Stop at the limit of pages, but not within the blob at which this call began: whether a blob has expired is
      // known only after all its objects are listed.
      if (pages >= maxPages && blob[0]?.ref !== first) break;
      query = { "continuation-token": page.next };
    }
    resumeAt = blob[0]?.ref;
    return removed;
  };
}
