import { ownPdf } from "@docrelay/testkit";
import { describe, expect, it } from "vitest";
import { useWorker } from "../../test/fixture.ts";

const at = useWorker({ env: { WORKER_ROLES: "ask,extract", EXTRACT_CONCURRENCY: "1" } });

describe("scans", () => {
  it("are read with OCR=auto", async () => {
    await at.here({ OCR: "auto" });
    const file = await at.file("scan.pdf", ownPdf("scan/letter.pdf").bytes());
    await at.ask("talk", "one", { files: [file] });
    expect(await at.ended("talk", "one")).toMatchObject({ type: "completed" });
    expect(await at.events("talk")).toContainEqual(
      expect.objectContaining({ type: "extracted", ocr: [1], missing: [], truncated: false }),
    );
  });
});
