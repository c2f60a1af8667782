import type { Attachment } from "./attachment.ts";
import { element } from "../frame/element.ts";
import { size } from "../words/numbers.ts";
import { inSentence } from "./file-name.ts";
import type { UploadState } from "./page-uploads.ts";
import { stageText } from "./stage-text.ts";
import { thumbnailOf } from "./thumbnail.ts";
import { say } from "../words/say.ts";

/** An attached file in the composer. */
export interface Chip {
  readonly root: HTMLLIElement;
  show(state: UploadState | undefined): void;
}

export function chipOf(file: Attachment, on: { remove(): void; open(): void }): Chip {
  const about = element("small", {}, size(file.size));
  const remove = element(
    "button",
    { type: "button", class: "remove", "aria-label": say("remove", { name: inSentence(file.name) }), click: on.remove },
    "×",
  );
  const name = openButton(file.name, on.open);
  const root = element("li", { class: "chip" }, name, about, remove);
  let isDrawn = false;
  return {
    root,
    show(state) {
      const more = state && stageText(state);
      about.textContent = [size(file.size), ...(more === undefined ? [] : [more])].join(" · ");
      // The picture is drawn after the upload, because loading the PDF renderer would slow the upload down.
      if (isDrawn || !state || !("upload" in state) || !(file instanceof File)) return;
      isDrawn = true;
      void thumbnailOf(file).then((picture) => picture && root.prepend(picture));
    },
  };
}

/** Returns a button with a file's name, which opens the file. */
export function openButton(name: string, open: () => void): HTMLElement {
  const label = element("bdi", { class: "name" }, name);
  return element(
    "button",
    { type: "button", class: "open", title: say("open", { name: inSentence(name) }), click: open },
    label,
  );
}
