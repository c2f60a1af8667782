import { loadPart } from "../lazy-part.ts";

const WIDTH_PX = 72;

/**
 * Returns a picture of a PDF's first page; undefined if the PDF cannot be drawn, or if the connection is so slow or
 * costly that the renderer should not be loaded.
 */
export async function thumbnailOf(file: File): Promise<HTMLCanvasElement | undefined> {
  if (isSlow()) return undefined;
  const part = await loadPart("pdf");
  if (!part) return undefined;
  try {
    const pdf = await part.openPdf({ size: file.size, read: async (from, to) => file.slice(from, to) });
    try {
      return await pdf.picture(WIDTH_PX);
    } finally {
      pdf.close();
    }
  } catch {
    return undefined; // the file is protected or damaged, which the chip shows in words
  }
}

/** Whether the browser reports a slow or metered connection. */
function isSlow(): boolean {
  const { connection } = navigator as { connection?: { saveData?: boolean; effectiveType?: string } };
  return connection?.saveData === true || /^(slow-)?2g$|^3g$/.test(connection?.effectiveType ?? "");
}
