import type { Attachment } from "../attachment.ts";
import { element } from "../element.ts";
import { size } from "../words.ts";
import { inSentence } from "./file-name.ts";
import type { UploadState } from "./page-uploads.ts";

/** An attached file in the composer. */
export interface Chip {
  readonly root: HTMLLIElement;
  /** Shows how far its upload is. */
  show(state: UploadState | undefined): void;
}

export function chipOf(file: Attachment, onRemove: () => void): Chip {
  const about = element("small", {}, size(file.size));
  const remove = element(
    "button",
    { type: "button", "aria-label": `Remove ${inSentence(file.name)}`, click: onRemove },
    "×",
  );
  const name = element("bdi", { class: "name", title: file.name }, file.name);
  return {
    root: element("li", { class: "chip" }, name, about, remove),
    show(state) {
      const more = state && stageText(state);
      about.textContent = [size(file.size), ...(more === undefined ? [] : [more])].join(" · ");
    },
  };
}

/** How far a file is, in a few words; undefined when there is nothing to say. */
export function stageText(state: UploadState): string | undefined {
  if ("sent" in state) return `${Math.floor(state.sent * 100)} % sent`;
  if (!("upload" in state) || !state.status) return undefined;
  const { stage, page, pages, error } = state.status;
  if (stage === "ready" && pages !== undefined) return pages === 1 ? "1 page" : `${pages} pages`;
  if (stage === "extracting") return page === undefined || !pages ? "reading" : `reading ${page} of ${pages}`;
  return error?.code === "PDF_ENCRYPTED" ? "needs a password" : undefined;
}
