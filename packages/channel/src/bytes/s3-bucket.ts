import { newRef, type BlobStore } from "./blob-store.ts";
import { ChannelError } from "../redis/store.ts";
import { createS3BlobStore, type S3StoreOptions } from "./blob-store-s3.ts";
import { PLACE } from "./s3-listing.ts";
import { sseHeaders } from "./s3-objects.ts";
import type { Sealing } from "../sealing/sealing.ts";
import { createS3Client, S3Refusal, type S3Bounds, type S3Client, type S3Place } from "./s3-client.ts";

/** What the operator should do, by the code of the server's refusal. */
const ADVICE: Readonly<Record<string, string>> = {
  NoSuchBucket: "make the bucket first",
  InvalidAccessKeyId: "check AWS_ACCESS_KEY_ID",
  SignatureDoesNotMatch: "check AWS_SECRET_ACCESS_KEY",
  AccessDenied: "the key needs PutObject, GetObject, DeleteObject and ListBucket there",
  PermanentRedirect: "check S3_REGION and S3_ENDPOINT",
  AuthorizationHeaderMalformed: "check S3_REGION",
  RequestTimeTooSkewed: "set this machine's clock",
};

/**
 * Tries every operation on the bucket that blobs need, and returns a function that makes the blob store. This also
 * finds out whether the server can refuse to replace an object: not all S3-compatible servers can.
 * @throws ChannelError `setting`, with a sentence for the operator.
 */
export async function openS3BlobStore(
  place: S3Place,
  options: Partial<S3StoreOptions> & { readonly bounds?: S3Bounds } = {},
): Promise<(sealing?: Sealing) => BlobStore> {
  const client = createS3Client(place, options.bounds);
  try {
    const isConditional = await tryAll(client);
    return (sealing) => createS3BlobStore(client, { isConditional, ...(sealing && { sealing }), ...options });
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error);
    const code = error instanceof Error && error.cause instanceof S3Refusal ? error.cause.code : "";
    const advice = ADVICE[code] ?? "is S3_ENDPOINT right, and is the server there?";
    const where = `s3://${place.bucket}/${place.prefix}`;
    throw new ChannelError("setting", `BLOB_STORE: blobs cannot be kept in ${where}: ${said}: ${advice}`, {
      cause: error,
    });
  }
}

/** Writes, writes again, lists, reads and removes an object; returns whether the second write was refused. */
async function tryAll(client: S3Client): Promise<boolean> {
  const name = `${PLACE}probe-${newRef()}`;
  const body = Buffer.from("x");
  const headers = sseHeaders(client.place.sse);
  await client.send({ method: "PUT", name, headers, body });
  const again = { method: "PUT", name, headers: { ...headers, "if-none-match": "*" }, body } as const;
  const { status } = await client.send({ ...again, allowed: [400, 412, 501] });
  const prefix = client.place.prefix + name;
  await client.send({ method: "GET", query: { "list-type": "2", prefix, "max-keys": "1" } });
  await client.send({ method: "GET", name });
  await client.send({ method: "DELETE", name });
  return status === 412;
}
