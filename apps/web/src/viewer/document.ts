import { RelayError, type Relay } from "@docrelay/client";
import type { Missing } from "../files/missing.ts";
import type { Pdf, PdfSource } from "../lazy/pdf.ts";
import { loadPart } from "../lazy-part.ts";

/** A file to show. `local` is the browser's copy, `upload` the server's; there may be both. */
export interface Viewed {
  readonly name: string;
  readonly size: number;
  readonly local?: File | undefined;
  readonly upload?: string | undefined;
  readonly password?: string | undefined;
  readonly pages?: number | undefined;
  readonly missing?: readonly Missing[] | undefined;
}

/** Why a file is not shown. Each reason has its own advice in the viewer. */
export type NotShown = "gone" | "protected" | "unloaded" | "unreadable";

/** Opens the PDF of a file, from the browser's own copy if there is one. */
export async function openViewed(relay: Pick<Relay, "download">, file: Viewed): Promise<Pdf | NotShown> {
  const source = sourceOf(relay, file);
  if (!source) return "gone";
  const part = await loadPart("pdf");
  if (!part) return "unloaded";
  try {
    return await part.openPdf(source);
  } catch (error) {
    return whyNot(error);
  }
}

export function whyNot(error: unknown): NotShown {
  if (error instanceof RelayError) {
    if (error.code === "RESUME_LOST" || error.code === "NOT_FOUND") return "gone";
    return error.retryable ? "unloaded" : "unreadable";
  }
  return error instanceof Error && error.name === "PasswordException" ? "protected" : "unreadable";
}

function sourceOf(relay: Pick<Relay, "download">, { local, upload, size, password }: Viewed): PdfSource | undefined {
  if (local) return { size: local.size, password, read: async (from, to) => local.slice(from, to) };
  if (upload === undefined) return undefined;
  return { size, password, read: async (from, to) => relay.download(upload, "bytes", { range: { from, to } }) };
}
