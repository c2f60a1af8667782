import { eventually, startProxy, type Proxy } from "@docrelay/testkit";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { blobStoreContract } from "../../test/blob-store.contract.ts";
import { startS3 } from "../../test/s3-server.ts";
import { IDLE_UPLOAD_MS, newRef, SWEEP_GRACE_MS } from "./blob-store.ts";
import { prepareBlobStore } from "./open-blob-store.ts";
import { createS3BlobStore } from "./blob-store-s3.ts";
import { createSealing } from "../sealing/sealing.ts";
import { parsePage, PLACE } from "./s3-listing.ts";
import { openS3BlobStore } from "./s3-bucket.ts";
import { createS3Client, type S3Bounds, type S3Client } from "./s3-client.ts";

const QUICK = { tries: 3, tryMs: 400, totalMs: 2000 };
/** Bounds that even a slow machine keeps, for tests that check a result and not a time. */
const PATIENT = { tries: 3, tryMs: 30_000, totalMs: 90_000 };
const bytes = Buffer.from("some bytes");

let s3: Awaited<ReturnType<typeof startS3>>;
let proxy: Proxy;
let client: S3Client;
beforeAll(async () => {
  s3 = await startS3();
  proxy = await startProxy({ port: s3.port });
  client = createS3Client(s3.place);
});
afterAll(async () => {
  await proxy[Symbol.asyncDispose]();
  await s3[Symbol.asyncDispose]();
});

async function names(prefix = ""): Promise<string[]> {
  const query = { "list-type": "2", prefix: `${s3.place.prefix}${prefix}` };
  const { body } = await client.send({ method: "GET", query });
  return [
    ...Buffer.from(body)
      .toString()
      .matchAll(/<Key>([^<]*)<\/Key>/g),
  ].map(([, key = ""]) => key);
}
async function bodyOf(key: string): Promise<string> {
  const { body } = await client.send({ method: "GET", name: key.slice(s3.place.prefix.length) });
  return Buffer.from(body).toString("latin1");
}
const textOf = async (chunks: AsyncIterable<Uint8Array>): Promise<string> =>
  Buffer.concat(await Array.fromAsync(chunks)).toString();
const store = (sweepEveryMs = 0) => createS3BlobStore(client, { isConditional: false, sweepEveryMs });

blobStoreContract("s3", {
  create: () => store(),
  expire: (ref, blobs) => blobs.renew(ref, -2 * SWEEP_GRACE_MS),
  places: async () => new Set((await names(PLACE)).map((name) => name.split("/").at(-2))).size,
});

describe("a bucket of blobs", () => {
  it("is opened when a key may do all that blobs need, leaves nothing of the trial, and is named when it is not", async () => {
    const blobs = (await prepareBlobStore("s3://relay", s3.place))({} as never);
    const ref = newRef();
    expect(await blobs.write(ref, 0, bytes)).toBe(true);
    expect(await blobs.write(ref, 0, bytes)).toBe(false);
    await blobs.remove(ref);
    expect((await names()).filter((name) => name.includes("probe"))).toEqual([]);
    for (const [wrong, sentence] of [
      [{ bucket: "none" }, /^BLOB_STORE: .*s3:\/\/none\/some\/where\/: .*404 NoSuchBucket: make the bucket first$/],
      [{ accessKeyId: "A" }, /InvalidAccessKeyId: check AWS_ACCESS_KEY_ID$/],
      [{ secretAccessKey: "hush" }, /SignatureDoesNotMatch: check AWS_SECRET_ACCESS_KEY$/],
      [{ endpoint: "http://127.0.0.1:1" }, /is S3_ENDPOINT right/],
    ] as const) {
      const opened = openS3BlobStore({ ...s3.place, ...wrong }, { bounds: PATIENT });
      await expect(opened).rejects.toMatchObject({ kind: "setting", message: expect.stringMatching(sentence) });
    }
  });

  it("holds no word of a file when there is a key, and is read with earlier keys and from before there was one", async () => {
    const [OLD, NEW] = ["an old key of at least thirty-two bytes", "a new key of at least thirty-two bytes"];
    const open = await prepareBlobStore("s3://relay", s3.place);
    const storeWith = (...keys: string[]) => open({ sealing: createSealing(keys) } as never);
    const ref = newRef();
    const parts = [storeWith(), storeWith(OLD), storeWith(NEW, OLD)];
    for (const [index, blobs] of parts.entries()) {
      const chunk = Buffer.from(`canary ${index} `);
      expect(await blobs.write(ref, index * 9, chunk)).toBe(true);
      expect(await blobs.write(ref, index * 9, chunk)).toBe(false);
    }
    const stored = await Promise.all((await names(PLACE + ref)).map((key) => bodyOf(key)));
    expect(stored.filter((text) => text.includes("canary"))).toEqual(["canary 0 "]);
    expect(stored).toHaveLength(3);
    const reader = storeWith(NEW, OLD);
    expect(await textOf(reader.read(ref))).toBe("canary 0 canary 1 canary 2 ");
    expect(await textOf(reader.read(ref, { from: 11, to: 20 }))).toBe("nary 1 ca");
    await expect(textOf(storeWith(NEW).read(ref))).rejects.toMatchObject({ kind: "key" });
    await reader.remove(ref);
    expect(await names(PLACE + ref)).toEqual([]);
  });

  it("loses nothing that is not a blob, however old it is", async () => {
    const foreign = [
      "notes.txt",
      `${PLACE}notes.txt`,
      `${PLACE}precious/000000000000`,
      `${PLACE}${newRef()}/letter.txt`,
    ];
    for (const name of foreign) await client.send({ method: "PUT", name, body: bytes });
    const ref = newRef();
    await store().write(ref, 0, bytes);
    await store().renew(ref, -2 * SWEEP_GRACE_MS);
    expect(await store().sweep()).toBe(1);
    expect(await store().exists(ref)).toBe(false);
    expect(await names()).toEqual(expect.arrayContaining(foreign.map((name) => s3.place.prefix + name)));
    for (const name of ["../..", "precious", ""]) await expect(store().remove(name)).rejects.toThrow();
  });

  it("is looked at no more often than it is told", async () => {
    const blobs = store(1e6);
    await blobs.sweep();
    const ref = newRef();
    await blobs.write(ref, 0, bytes);
    await blobs.renew(ref, -2 * SWEEP_GRACE_MS);
    expect(await blobs.sweep()).toBe(0);
    expect(await store().sweep()).toBe(1);
  });
});

describe("a server that fails", () => {
  const through = (bounds?: S3Bounds) =>
    createS3BlobStore(createS3Client({ ...s3.place, endpoint: `http://127.0.0.1:${proxy.port}` }, bounds), {
      isConditional: false,
      sweepEveryMs: 0,
    });

  it("that is away or silent gives an error of the store within the bound, not missing bytes", async () => {
    const blobs = through(QUICK);
    const ref = newRef();
    await blobs.write(ref, 0, bytes);
    const readAll = async () => {
      for await (const part of blobs.read(ref)) expect(part).toBeDefined();
    };
    for (const fault of ["cut", "blackhole"] as const) {
      proxy[fault]();
      const steps = [blobs.write(ref, 10, bytes), blobs.exists(ref), blobs.renew(ref, 1), blobs.sweep(), readAll()];
      for (const step of await Promise.allSettled(steps))
        expect(step).toMatchObject({ status: "rejected", reason: { kind: "io" } });
      proxy.heal();
    }
    expect(await eventually(() => blobs.exists(ref))).toBe(true);
  });

  it("that loses a connection is asked again", async () => {
    const blobs = through();
    const ref = newRef();
    const chunk = Buffer.alloc(300_000, 1);
    proxy.bandwidth(2_000_000);
    const from = proxy.bytesUp;
    const writing = blobs.write(ref, 0, chunk);
    await eventually(() => Promise.resolve(proxy.bytesUp > from + 100_000));
    proxy.reset();
    await writing;
    proxy.heal();
    const parts: Uint8Array[] = [];
    for await (const part of blobs.read(ref)) parts.push(part);
    expect(Buffer.concat(parts).equals(chunk)).toBe(true);
  });
});

/**
 * Starts a server that gives these replies, one after the other. `seen`: the headers of the requests that it received.
 */
async function scripted(answers: ReadonlyArray<readonly [status: number, code?: string]>) {
  const seen: Array<Record<string, unknown>> = [];
  const server: Server = createServer((request, response) => {
    request.resume().on("end", () => {
      seen.push(request.headers);
      const [status, code] = answers[seen.length - 1] ?? [200];
      response.writeHead(status).end(code && `<Error><Code>${code}</Code></Error>`);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const place = { ...s3.place, endpoint: `http://127.0.0.1:${port}` };
  return { place, seen, [Symbol.asyncDispose]: async () => void server.close() };
}

describe("a server's refusal", () => {
  it.each([
    ["that passes is tried again", [[503, "SlowDown"], [409, "ConditionalRequestConflict"], [200]], true, 3],
    ["that lasts ends in an error", [[503], [500], [503]], "io", 3],
    ["of the key is not tried again", [[403, "AccessDenied"]], "io", 1],
    ["of a second write is no error", [[412, "PreconditionFailed"]], false, 1],
  ] as const)("%s", async (_what, answers, outcome, requests) => {
    await using server = await scripted(answers);
    const blobs = createS3BlobStore(createS3Client(server.place, PATIENT), { isConditional: true });
    const written = await blobs.write(newRef(), 0, bytes).catch((error: { kind: string }) => error.kind);
    expect(written).toBe(outcome);
    expect(server.seen.map((headers) => headers["if-none-match"])).toEqual(Array.from({ length: requests }, () => "*"));
  });

  it("of a bucket that is gone is not that of an object", async () => {
    await using server = await scripted([[404, "NoSuchBucket"]]);
    const looked = createS3Client(server.place, PATIENT).send({ method: "GET", name: "a", allowed: [404] });
    await expect(looked).rejects.toMatchObject({ kind: "io" });
  });

  it("comes with the encryption that is wanted", async () => {
    await using server = await scripted([]);
    const place = { ...server.place, sse: { algorithm: "aws:kms", key: "alias/relay" } };
    await createS3BlobStore(createS3Client(place, QUICK), { isConditional: true }).write(newRef(), 0, bytes);
    expect(server.seen[0]).toMatchObject({
      "x-amz-server-side-encryption": "aws:kms",
      "x-amz-server-side-encryption-aws-kms-key-id": "alias/relay",
    });
  });
});

describe("a sweep of many pages", () => {
  const minutes = (n: number): string => new Date(Date.parse("2026-01-01T00:00:00Z") + n * 60_000).toISOString();
  it("goes on where the last one ended, and sees each blob whole", async () => {
    const refs = Array.from({ length: 6 }, newRef).toSorted();
    // Each page of the listing has one object. The fourth blob is kept only by its last object, so a sweep must read
    // all pages of a blob.
    const objects = refs.flatMap((ref, index) => [
      [`${PLACE}${ref}/000000000000`, minutes(0)],
      [`${PLACE}${ref}/keep.60000`, minutes(index === 3 ? 60 : 1)],
    ]);
    const removed: string[] = [];
    const asked: string[] = [];
    const fake: S3Client = {
      place: { ...s3.place, prefix: "" },
      async send({ query = {}, body }) {
        const headers = new Headers({ date: minutes(60) });
        if (body)
          removed.push(
            ...[
              ...Buffer.from(body)
                .toString()
                .matchAll(/<Key>[^/]*\/([^/]*)\//g),
            ].map(([, ref = ""]) => ref),
          );
        const after = query["continuation-token"] ?? query["start-after"] ?? "";
        asked.push(after);
        const at = objects.findIndex(([name = ""]) => name > after);
        const [name, modified] = objects[at] ?? [];
        const xml = `<Contents><Key>${name}</Key><Size>1</Size><LastModified>${modified}</LastModified></Contents><IsTruncated>${at < objects.length - 1}</IsTruncated><NextContinuationToken>${name}</NextContinuationToken>`;
        return { status: 200, headers, body: Buffer.from(body ? "" : xml) };
      },
    };
    const blobs = createS3BlobStore(fake, { isConditional: true, sweepEveryMs: 0, sweepPages: 3 });
    let sweeps = 0;
    while (new Set(removed).size < 5 && sweeps++ < 20) await blobs.sweep();
    expect([...new Set(removed)].toSorted()).toEqual(refs.filter((_, index) => index !== 3));
    expect(asked).toContain(`${PLACE}${refs[1]}`);
  });
});

describe("a page of a listing", () => {
  it("holds blobs only, and where the next page begins", () => {
    const ref = newRef();
    const entry = (key: string): string =>
      `<Contents><Key>${key}</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified><Size>7</Size></Contents>`;
    const page = parsePage(
      [
        "<IsTruncated>true</IsTruncated><NextContinuationToken>a&amp;b&#x2B;&#47;</NextContinuationToken>",
        entry(`p/${PLACE}${ref}/000000000012`),
        entry(`p/${PLACE}${ref}/keep.${IDLE_UPLOAD_MS}`),
        ...[`p/${PLACE}x/000000000012`, `${PLACE}${ref}/000000000012`, `p/${PLACE}${ref}/12`, "a&amp;b"].map(entry),
      ].join("\n"),
      "p/",
    );
    const modified = Date.parse("2026-01-01T00:00:00.000Z");
    expect(page).toEqual({
      next: "a&b+/",
      objects: [
        { name: `${PLACE}${ref}/000000000012`, ref, offset: 12, isSealed: false, size: 7, modified },
        {
          name: `${PLACE}${ref}/keep.${IDLE_UPLOAD_MS}`,
          ref,
          keepMs: IDLE_UPLOAD_MS,
          isSealed: false,
          size: 7,
          modified,
        },
      ],
    });
  });
});
