import { assemble, makePdf, spawnNode } from "@docrelay/testkit";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { useWorker } from "../test/fixture.ts";

const at = useWorker({ env: { WORKER_ROLES: "ask,extract" } });
const MAIN = fileURLToPath(new URL("main.ts", import.meta.url));

it("a worker whose OCR lacks a language says what to install, and exits with 78", async () => {
  const env = { REDIS_URL: at.server.url, WORKER_ROLES: "extract", OCR: "auto", OCR_LANGUAGES: "eng,tlh" };
  const worker = spawnNode(MAIN, { env });
  expect(await worker.exited).toMatchObject({ code: 78 });
  expect(worker.lines.join("\n")).toContain("@tesseract.js-data/tlh");
});

it("texts come from an extractor behind HTTP when PDF_ENGINE is its address", async () => {
  const bytes: number[] = [];
  const server = createServer((request, response) => {
    let size = 0;
    request.on("data", (piece: Buffer) => (size += piece.length));
    request.on("end", () => {
      bytes.push(size);
      response.writeHead(200, { "content-type": "text/plain" }).end("First, from elsewhere.\fSecond.");
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    await at.here({ PDF_ENGINE: `http://127.0.0.1:${(server.address() as AddressInfo).port}/tika` });
    const pdf = makePdf({ pages: ["not this"] });
    await at.ask("talk", "one", { files: [await at.file("some.pdf", pdf)] });
    expect(await at.ended("talk", "one")).toMatchObject({
      type: "completed",
      text: expect.stringContaining("First, from elsewhere.\nSecond."),
    });
    expect(bytes).toEqual([pdf.length]);
  } finally {
    server.close();
  }
});

it("PDFs that a file carries are read with it when ATTACHMENTS is read", async () => {
  const inner = makePdf({ pages: ["Lease of berth 7"] });
  const portfolio = assemble([
    "<< /Type /Catalog /Pages 2 0 R /Names << /EmbeddedFiles << /Names [(lease.pdf) 4 0 R] >> >> >>",
    "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
    "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] >>",
    "<< /Type /Filespec /F (lease.pdf) /UF (lease.pdf) /EF << /F 5 0 R >> >>",
    { dictionary: "/Type /EmbeddedFile", content: Buffer.from(inner).toString("latin1") },
  ]);
  await at.here({ ATTACHMENTS: "read" });
  await at.ask("talk", "carried", { files: [await at.file("portfolio.pdf", portfolio)] });
  expect(await at.ended("talk", "carried")).toMatchObject({
    type: "completed",
    text: expect.stringContaining("[Attachment] lease.pdf\nLease of berth 7"),
  });
});
