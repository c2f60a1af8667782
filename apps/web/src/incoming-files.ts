import { byId } from "./element.ts";

/** Calls back with the files that are chosen, pasted, or dropped anywhere on the page. */
export function hearFiles(onFiles: (files: Iterable<File>) => void): void {
  const picker = byId("file", HTMLInputElement);
  const drop = byId("drop", HTMLDivElement);

  byId("attach", HTMLButtonElement).addEventListener("click", () => picker.click());
  picker.addEventListener("change", () => {
    onFiles(picker.files ?? []);
    picker.value = "";
  });
  addEventListener("paste", (event) => {
    const pasted = event.clipboardData?.files;
    if (pasted && pasted.length > 0) onFiles(pasted);
  });
  addEventListener("dragover", (event) => {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    drop.classList.add("over");
  });
  addEventListener("dragleave", (event) => event.relatedTarget === null && drop.classList.remove("over"));
  addEventListener("drop", (event) => {
    drop.classList.remove("over");
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    onFiles(event.dataTransfer.files);
  });
}
