import { serveJobs } from "../src/child/jobs.ts";
import { createPdfiumEngine } from "../src/engines/pdfium-engine.ts";

/* A child that also reports when a document is closed. */

await serveJobs(() => {
  const engine = createPdfiumEngine();
  return Promise.resolve({
    async open(bytes, password) {
      const document = await engine.open(bytes, password);
      return {
        ...document,
        async close() {
          await document.close();
          process.send?.({ type: "closed" });
        },
      };
    },
  });
}, "pdfium");
