import type { UploadState } from "./page-uploads.ts";

/** How far a file is, in a few words; undefined when there is nothing to say. */
export function stageText(state: UploadState): string | undefined {
  if ("sent" in state) return `${Math.floor(state.sent * 100)} % sent`;
  if (!("upload" in state) || !state.status) return undefined;
  const { stage, page, pages, error } = state.status;
  if (stage === "ready" && pages !== undefined) {
    const unread = new Set(state.status.missing?.map((one) => one.page)).size;
    return [pages === 1 ? "1 page" : `${pages} pages`, ...(unread > 0 ? [`${unread} not read`] : [])].join(", ");
  }
  if (stage === "extracting") return page === undefined || !pages ? "reading" : `reading ${page} of ${pages}`;
  return error?.code === "PDF_ENCRYPTED" ? "needs a password" : undefined;
}
