import type { UploadState } from "./page-uploads.ts";
import { say, spokenTag } from "../words/say.ts";

/** Describes a file's progress in a few words; undefined when there is nothing to show. */
export function stageText(state: UploadState): string | undefined {
  if ("sent" in state)
    return say("percentSent", {
      percent: (Math.floor(state.sent * 100) / 100).toLocaleString(spokenTag(), { style: "percent" }),
    });
  if (!("upload" in state) || !state.status) return undefined;
  const { stage, page, pages, error } = state.status;
  if (stage === "ready" && pages !== undefined) {
    const unread = new Set(state.status.missing?.map((one) => one.page)).size;
    return [say("pages", { n: pages }), ...(unread > 0 ? [say("unread", { n: unread })] : [])].join(say("comma"));
  }
  if (stage === "extracting")
    return page === undefined || !pages ? say("reading") : say("readingPage", { page, pages });
  return error?.code === "PDF_ENCRYPTED" ? say("needsPassword") : undefined;
}
