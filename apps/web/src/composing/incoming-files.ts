import type { Frame } from "../frame/frame.ts";
import { droppedFiles, pastedFiles, type Given } from "../files/transfer.ts";

/** Calls `onFiles` with files that are chosen, pasted, or dropped anywhere on the page. */
export function hearFiles({ find, events }: Frame, onFiles: (given: Given) => void): void {
  const picker = find("file", HTMLInputElement);
  const drop = find("drop", HTMLDivElement);
  /** Whether this drop is handled here. The browser itself inserts a text that is dropped on the question field. */
  const isOurs = (event: DragEvent): event is DragEvent & { dataTransfer: DataTransfer } =>
    event.dataTransfer !== null &&
    (event.dataTransfer.types.includes("Files") || !(event.target instanceof HTMLTextAreaElement));

  find("attach", HTMLButtonElement).addEventListener("click", () => picker.click());
  picker.addEventListener("change", () => {
    onFiles({ files: [...(picker.files ?? [])], refusals: [] });
    picker.value = "";
  });
  events.addEventListener("paste", ({ clipboardData }) => {
    const files = clipboardData && pastedFiles(clipboardData);
    if (files) onFiles({ files, refusals: [] });
  });
  events.addEventListener("dragover", (event) => {
    if (!isOurs(event)) return;
    event.preventDefault();
    drop.classList.toggle("over", event.dataTransfer.types.includes("Files"));
  });
  events.addEventListener("dragleave", (event) => event.relatedTarget === null && drop.classList.remove("over"));
  events.addEventListener("drop", (event) => {
    drop.classList.remove("over");
    if (!isOurs(event)) return;
    // Without this, a browser opens a link that is dropped on the page, and the page is lost.
    event.preventDefault();
    onFiles(droppedFiles(event.dataTransfer));
  });
}
