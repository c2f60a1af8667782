import { AwsV4Signer } from "aws4fetch";
import { createHash } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { ChannelError } from "../redis/store.ts";

/** A bucket on an S3-compatible server, and the keys for the bucket. This object holds secrets: never log it. */
export interface S3Place {
  /** The URL of the server, `https://host[:port]`, without the bucket. */
  readonly endpoint: string;
  readonly region: string;
  readonly bucket: string;
  /** The beginning of every object's name: empty, or letters, digits and `._-/` with a slash at the end. */
  readonly prefix: string;
  /** Whether the bucket's name is in the URL's path; otherwise it is part of the host name. */
  readonly forcePathStyle: boolean;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string | undefined;
  /** How the server encrypts objects. If undefined, the bucket's configuration decides. */
  readonly sse?: { readonly algorithm: string; readonly key?: string | undefined } | undefined;
}

export interface S3Request {
  readonly method: "GET" | "PUT" | "HEAD" | "POST" | "DELETE";
  /** The object's name without the prefix. If undefined, the request is for the bucket itself. */
  readonly name?: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  /** Error statuses that `send` returns to the caller instead of throwing. */
  readonly allowed?: readonly number[];
}
export interface S3Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Uint8Array;
}

/** Bounds of one request: the number of tries, the ms of one try, and the ms of all tries together. */
export interface S3Bounds {
  readonly tries: number;
  readonly tryMs: number;
  readonly totalMs: number;
}
/** After at most 10 s, a slow or unreachable server is reported as an error. */
const BOUNDS: S3Bounds = { tries: 4, tryMs: 4000, totalMs: 10_000 };
const BACKOFF_MS = 100;
/**
 * Codes of refusals after which a request is tried again. After the status 429, or one of 500 or more, every request is
 * tried again, whatever the code.
 */
const PASSING = new Set(["ConditionalRequestConflict", "OperationAborted", "RequestTimeout", "SlowDown", "Throttling"]);

export interface S3Client {
  readonly place: S3Place;
  /**
   * Signs and sends a request. Repeats it after temporary failures (5xx, 429, a lost connection, no response), up to
   * the bounds; each request of this package may be repeated.
   * @throws ChannelError `io`, with `cause`: an {@link S3Refusal} when the server gave a reason.
   */
  send(request: S3Request): Promise<S3Answer>;
}

/** A refusal of an S3 server: its status and code. */
export class S3Refusal extends Error {
  override readonly name = "S3Refusal";
  readonly status: number;
  readonly code: string;
  constructor(status: number, code: string) {
    super(`${status} ${code}`);
    this.status = status;
    this.code = code;
  }
  get isPassing(): boolean {
    return this.status >= 500 || this.status === 429 || PASSING.has(this.code);
  }
}

export function createS3Client(place: S3Place, bounds: S3Bounds = BOUNDS): S3Client {
  const keys = new Map<string, ArrayBuffer>();
  return {
    place,
    async send(request) {
      const end = AbortSignal.timeout(bounds.totalMs);
      let error: unknown;
      for (let attempt = 1; attempt <= bounds.tries && !end.aborted; attempt++) {
        try {
          return await sendOnce(place, request, {
            keys,
            signal: AbortSignal.any([end, AbortSignal.timeout(bounds.tryMs)]),
          });
        } catch (failed) {
          error = failed;
          if (failed instanceof S3Refusal && !failed.isPassing) break;
        }
        const pause = BACKOFF_MS * 2 ** (attempt - 1) * (0.5 + Math.random());
        if (attempt < bounds.tries) await delay(pause, undefined, { signal: end }).catch(() => undefined);
      }
      throw new ChannelError("io", `the bucket of blobs: ${reasonOf(error)}`, { cause: error });
    },
  };
}

async function sendOnce(
  place: S3Place,
  request: S3Request,
  { keys, signal }: { keys: Map<string, ArrayBuffer>; signal: AbortSignal },
): Promise<S3Answer> {
  const { method, headers, allowed = [] } = request;
  // The bytes are copied into a buffer of their own, so that they cannot change between signing and sending.
  const sent = request.body && new Uint8Array(request.body);
  const signer = new AwsV4Signer({
    method,
    url: addressOf(place, request),
    // The server compares the body with this digest and refuses bytes that were damaged in transit.
    headers: {
      ...headers,
      "x-amz-content-sha256": createHash("sha256")
        .update(sent ?? "")
        .digest("hex"),
    },
    accessKeyId: place.accessKeyId,
    secretAccessKey: place.secretAccessKey,
    ...(place.sessionToken && { sessionToken: place.sessionToken }),
    service: "s3",
    region: place.region,
    cache: keys,
  });
  const signed = await signer.sign();
  const response = await fetch(signed.url, {
    method,
    headers: signed.headers,
    redirect: "manual",
    signal,
    ...(sent && { body: sent }),
  });
  const body = new Uint8Array(await response.arrayBuffer());
  const { status } = response;
  if (status >= 200 && status < 300) return { status, headers: response.headers, body };
  const [, code = ""] = /<Code>(\w+)<\/Code>/.exec(Buffer.from(body).toString("latin1")) ?? [];
  // A status 404 may also mean that the bucket is missing. That is an error, not a missing object.
  if (allowed.includes(status) && code !== "NoSuchBucket") return { status, headers: response.headers, body };
  throw new S3Refusal(status, code);
}

function addressOf({ endpoint, bucket, prefix, forcePathStyle }: S3Place, { name, query }: S3Request): string {
  const url = new URL(endpoint);
  const base = url.pathname.replace(/\/+$/, "");
  if (!forcePathStyle) url.host = `${bucket}.${url.host}`;
  url.pathname = `${base}${forcePathStyle ? `/${bucket}` : ""}${name === undefined ? "" : `/${prefix}${name}`}`;
  for (const [key, value] of Object.entries(query ?? {})) url.searchParams.set(key, value);
  return url.href;
}

/** Returns the reason of an error in a few words, without the address. */
function reasonOf(error: unknown): string {
  if (error instanceof S3Refusal) return error.message;
  if (error instanceof Error && error.name === "TimeoutError") return "no answer in time";
  // The message of `fetch` is only "fetch failed"; the reason is in the cause.
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  if (cause instanceof Error) return "code" in cause ? String(cause.code) : cause.message;
  return "no answer in time";
}
