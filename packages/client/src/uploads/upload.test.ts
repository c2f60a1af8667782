import { openAsBlob } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { eventually } from "@docrelay/testkit";
import { wireError } from "@docrelay/protocol";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { RelayServer, type Fault } from "../../test/relay-server.ts";
import { connect, memoryStorage, type AskProgress, type Relay } from "../index.ts";

let server: RelayServer;
let relay: Relay;
beforeEach(async () => {
  server = await RelayServer.start();
  relay = connect({ url: server.url, storage: memoryStorage() });
});
afterEach(async () => {
  relay.close();
  await server[Symbol.asyncDispose]();
});

function file(size: number, name = "a.pdf"): { name: string; type: string; bytes: Uint8Array<ArrayBuffer> } {
  return { name, type: "application/pdf", bytes: Uint8Array.from({ length: size }, (_, index) => (index * 7) % 251) };
}
function stored(id: string): Uint8Array {
  return new Uint8Array(server.uploads.get(id)?.bytes ?? []);
}

describe("an upload", () => {
  test("arrives byte for byte, with at most 4 chunks on their way and growing progress", async () => {
    let openGate = (): void => undefined;
    server.chunkGate = new Promise((resolve) => (openGate = resolve));
    const a = file(20_500);
    const told: Array<[number, number]> = [];
    const sending = relay.upload(a, { onProgress: (sent, size) => told.push([sent, size]) });
    await eventually(() => server.count("upload:chunk") === 4);
    // The server has answered a later request, and no fifth chunk came before it: that chunk waits for an
    // acknowledgement.
    await relay.conversation("c").ask("?", { id: "a1" }).accepted;
    expect(server.count("upload:chunk")).toBe(4);
    openGate();
    const { upload } = await sending;
    expect(stored(upload)).toEqual(a.bytes);
    expect(server.mostChunksPending).toBe(4);
    expect(told).toEqual(told.toSorted(([x], [y]) => x - y));
    expect(told.at(-1)).toEqual([20_500, 20_500]);
  });

  const fault = fc.constantFrom<Fault | undefined>(
    undefined,
    undefined,
    "break-after",
    "break-before",
    { refuse: wireError("BUSY", { retryAfterMs: 5 }) },
    { refuse: wireError("STORE_UNAVAILABLE") },
    { refuse: wireError("BAD_MESSAGE", { reason: "offset", expectedOffset: 0 }) },
  );
  test("goes on from the server's offset, whatever breaks", async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 9000 }), fc.array(fault, { maxLength: 6 }), async (size, faults) => {
        server.fail("upload:chunk", ...(faults as Fault[]));
        const a = file(size);
        const { upload } = await relay.upload(a);
        expect(stored(upload)).toEqual(a.bytes);
      }),
      { numRuns: 12, timeout: 15_000 },
    );
  }, 60_000);

  test("is one for all who want the same object, and each hears how far it is", async () => {
    const a = file(5000);
    const told: string[] = [];
    const first = relay.upload(a, { onProgress: (sent) => told.push(`first ${sent}`) });
    const second = relay.upload(a, { onProgress: (sent) => told.push(`second ${sent}`) });
    expect(await second).toEqual(await first);
    expect(server.count("upload:start")).toBe(1);
    expect(told).toContain("first 5000");
    expect(told).toContain("second 5000");
  });

  test("of an earlier page goes on at the server's offset under its id", async () => {
    const a = file(20_500);
    const stop = new AbortController();
    const first = relay.upload(a, {
      upload: "u1",
      signal: stop.signal,
      onProgress: (sent) => sent > 8000 && stop.abort(),
    });
    await expect(first).rejects.toThrow("abort");
    const before = server.uploads.get("u1")?.bytes.length ?? 0;
    const sent: number[] = [];
    const next = connect({ url: server.url, storage: memoryStorage() });
    try {
      const again = { name: a.name, type: a.type, bytes: new Blob([a.bytes]) };
      expect(await next.upload(again, { upload: "u1", onProgress: (bytes) => sent.push(bytes) })).toEqual({
        upload: "u1",
      });
    } finally {
      next.close();
    }
    expect(before).toBeGreaterThan(8000);
    expect(sent[0]).toBeGreaterThan(before);
    expect(stored("u1")).toEqual(a.bytes);
  });

  test("that has expired on the server begins anew", async () => {
    server.fail("upload:chunk", { refuse: wireError("NOT_FOUND") });
    const a = file(10);
    const { upload } = await relay.upload(a);
    expect(stored(upload)).toEqual(a.bytes);
    expect(server.count("upload:start")).toBe(2);
  });

  test("that is refused for good fails with its code; the next try is a new one", async () => {
    server.fail("upload:chunk", { refuse: wireError("FILE_TYPE_UNSUPPORTED") });
    const a = file(10);
    await expect(relay.upload(a)).rejects.toMatchObject({ code: "FILE_TYPE_UNSUPPORTED" });
    const { upload } = await relay.upload(a);
    expect(stored(upload)).toEqual(a.bytes);
  });
});

describe("a file that has changed on the disk since it was chosen", () => {
  test.each(["written to", "deleted"])("(%s) is refused as such, with its place in the ask", async (how) => {
    const folder = await mkdtemp(join(tmpdir(), "docrelay-client-"));
    try {
      const path = join(folder, "a.pdf");
      await writeFile(path, "as it was chosen");
      const chosen = { name: "a.pdf", bytes: await openAsBlob(path) };
      if (how === "deleted") await rm(path);
      else await writeFile(path, "as it was saved anew, which is longer");
      await expect(relay.upload(chosen)).rejects.toMatchObject({ code: "FILE_CHANGED", retryable: false });
      const { accepted } = relay.conversation("c").ask("?", { files: [{ upload: "there" }, chosen] });
      await expect(accepted).rejects.toMatchObject({ code: "FILE_CHANGED", wire: { file: 1 } });
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

describe("an ask with files", () => {
  test("tells how far each is, then what the server says", async () => {
    const told: AskProgress[] = [];
    const onProgress = (progress: AskProgress): void => void told.push(progress);
    const files = [file(2048, "a.pdf"), { ...file(1024, "b.pdf"), password: "secret" }];
    await relay.conversation("c").ask("?", { id: "a1", files, onProgress }).accepted;
    for (const [index, size] of [2048, 1024].entries())
      expect(told).toContainEqual({ stage: "uploading", file: index, sent: size, size });
    expect(server.asks.get("a1")?.files?.map(({ password }) => password)).toEqual([undefined, "secret"]);
    server.io.emit("progress", { conversation: "c", ask: "a1", stage: "extracting", file: 0, page: 2, pages: 9 });
    server.io.emit("progress", { conversation: "c", ask: "other", stage: "queued" });
    await eventually(() => told.at(-1)?.stage === "extracting");
    expect(told.at(-1)).toEqual({ stage: "extracting", file: 0, page: 2, pages: 9 });
  });

  test("one of which is refused fails, and says which", async () => {
    server.fail("upload:chunk", { refuse: wireError("FILE_TYPE_UNSUPPORTED") });
    const files = [{ upload: "there" }, file(10)];
    const { accepted } = relay.conversation("c").ask("?", { files });
    await expect(accepted).rejects.toMatchObject({ code: "FILE_TYPE_UNSUPPORTED", wire: { file: 1 } });
    expect(server.count("ask")).toBe(0);
  });

  test("that is stopped while it is sent never becomes an ask; another that shares the file does", async () => {
    let openGate = (): void => undefined;
    server.chunkGate = new Promise((resolve) => (openGate = resolve));
    const a = file(5000);
    const stop = new AbortController();
    const stopped = relay.conversation("c").ask("?", { id: "a1", files: [a], signal: stop.signal });
    await eventually(() => server.count("upload:chunk") > 0);
    const other = relay.conversation("c").ask("?", { id: "a2", files: [a] });
    stop.abort();
    openGate();
    await expect(stopped.accepted).rejects.toThrow("abort");
    await expect(stopped.text()).rejects.toThrow("abort");
    await other.accepted;
    expect([...server.asks.keys()]).toEqual(["a2"]);
  });

  test("aborted from the start sends nothing", async () => {
    const answer = relay.conversation("c").ask("?", { signal: AbortSignal.abort() });
    await expect(answer.accepted).rejects.toThrow("abort");
    expect(server.count("ask")).toBe(0);
  });
});
