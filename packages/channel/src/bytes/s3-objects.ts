import { createHash } from "node:crypto";
import { ChannelError } from "../redis/store.ts";
import { isRef } from "./blob-store.ts";
import type { S3Answer, S3Client } from "./s3-client.ts";
import { parsePage, PLACE, type BlobObject, type Page } from "./s3-listing.ts";

/** The most objects that one request may remove. */
const REMOVED_AT_ONCE = 1000;

/** Returns `ref` unchanged. @throws ChannelError when `ref` is not the name of a blob */
export function checked(ref: string): string {
  if (!isRef(ref)) throw new ChannelError("wrong-answer", "not the name of a blob");
  return ref;
}

export async function isThere(client: S3Client, name: string): Promise<boolean> {
  return (await client.send({ method: "HEAD", name, allowed: [404] })).status !== 404;
}

/** Fetches one page of a listing. `now`: the server's time of that page. */
export async function list(client: S3Client, query: Record<string, string>): Promise<Page & { now: number }> {
  const answer = await client.send({ method: "GET", query: { "list-type": "2", ...query } });
  return { ...parsePage(Buffer.from(answer.body).toString(), client.place.prefix), now: timeOf(answer) };
}

export async function objectsOf(client: S3Client, ref: string): Promise<BlobObject[]> {
  const all: BlobObject[] = [];
  let token: string | undefined;
  do {
    const page = await list(client, {
      prefix: `${client.place.prefix}${PLACE}${checked(ref)}/`,
      ...(token !== undefined && { "continuation-token": token }),
    });
    all.push(...page.objects);
    token = page.next;
  } while (token !== undefined);
  return all;
}

/**
 * Whether the blob has chunks. The first listed object shows it: the names of chunks begin with a digit, so they sort
 * before all others.
 */
export async function hasChunks(client: S3Client, ref: string): Promise<boolean> {
  const { objects } = await list(client, { prefix: `${client.place.prefix}${PLACE}${checked(ref)}/` });
  return objects[0]?.offset !== undefined;
}

export async function removeAll(client: S3Client, objects: readonly BlobObject[]): Promise<void> {
  for (let from = 0; from < objects.length; from += REMOVED_AT_ONCE) {
    const some = objects.slice(from, from + REMOVED_AT_ONCE);
    const body = Buffer.from(
      `<Delete><Quiet>true</Quiet>${some.map(({ name }) => `<Object><Key>${client.place.prefix}${name}</Key></Object>`).join("")}</Delete>`,
    );
    const headers = {
      "content-md5": createHash("md5").update(body).digest("base64"),
      "content-type": "application/xml",
    };
    const answer = await client.send({ method: "POST", query: { delete: "" }, headers, body });
    const [, code] = /<Error>[\s\S]*?<Code>(\w+)<\/Code>/.exec(Buffer.from(answer.body).toString()) ?? [];
    if (code !== undefined) throw new ChannelError("io", `the bucket of blobs: ${code}`);
  }
}

export function sseHeaders(sse: S3Client["place"]["sse"]): Record<string, string> {
  if (!sse) return {};
  const key = sse.key === undefined ? {} : { "x-amz-server-side-encryption-aws-kms-key-id": sse.key };
  return { "x-amz-server-side-encryption": sse.algorithm, ...key };
}

/** Returns the server's clock, in ms. */
function timeOf({ headers }: S3Answer): number {
  const time = Date.parse(headers.get("date") ?? "");
  return Number.isNaN(time) ? Date.now() : time;
}
