import type { Limits } from "@docrelay/client";
import type { Attachment } from "./attachment.ts";
import { byId, element } from "./element.ts";
import { hearFiles } from "./incoming-files.ts";
import { size } from "./words.ts";

export interface Composer {
  /** What the server allows; checked before anything is sent. */
  limit(limits: Limits | undefined): void;
  running(running: boolean): void;
  suggest(message: string): void;
  /** What goes with the next question. */
  readonly files: readonly Attachment[];
  /** Takes other files and an empty question. */
  restart(files: readonly Attachment[]): void;
  detach(file: Attachment): void;
  focus(): void;
}

/** The question, and the files that stay attached to the next ones. */
export function createComposer(on: {
  /** Returns whether the question was taken: one that was not stays in the composer. */
  send(message: string, files: readonly Attachment[]): boolean;
  stop(): void;
  onFiles(): void;
}): Composer {
  const form = byId("composer", HTMLFormElement);
  const question = byId("question", HTMLTextAreaElement);
  const list = byId("files", HTMLUListElement);
  const problem = byId("problem", HTMLParagraphElement);
  const count = byId("count", HTMLParagraphElement);
  const send = byId("send", HTMLButtonElement);
  const stop = byId("stop", HTMLButtonElement);
  let files: Attachment[] = [];
  let limits: Limits | undefined;

  function warn(text: string): void {
    problem.textContent = text;
    problem.hidden = text === "";
  }
  function attach(chosen: Iterable<File>): void {
    warn("");
    for (const file of chosen) {
      if (files.some((other) => isSameFile(other, file))) continue;
      const reason = refusalOf(file, files.length, limits);
      if (reason === undefined) files.push(file);
      else warn(reason);
    }
    showFiles();
    on.onFiles();
    question.focus();
  }
  function detach(file: Attachment): void {
    files = files.filter((other) => other !== file);
    showFiles();
    on.onFiles();
  }
  function showFiles(): void {
    const remove = (file: Attachment): void => {
      detach(file);
      question.focus();
    };
    list.replaceChildren(...files.map((file) => fileChip(file, () => remove(file))));
    check();
  }
  function check(): void {
    const length = question.value.length;
    const most = limits?.messageChars ?? Number.POSITIVE_INFINITY;
    count.hidden = length < most * 0.9;
    count.textContent = count.hidden ? "" : `${length} of ${most} characters`;
    send.disabled = (question.value.trim() === "" && files.length === 0) || length > most;
  }
  function submit(): void {
    check();
    if (send.disabled) return;
    warn("");
    if (!on.send(question.value.trim(), [...files]))
      return warn("Your question could not be sent. Copy it, reload the page and ask again.");
    question.value = "";
    grow();
    check();
    question.focus();
  }
  /** For browsers without `field-sizing`. */
  function grow(): void {
    if (CSS.supports("field-sizing", "content")) return;
    question.style.height = "auto";
    question.style.height = `${question.scrollHeight}px`;
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    submit();
  });
  question.addEventListener("input", () => {
    grow();
    check();
  });
  question.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    submit();
  });
  addEventListener("keydown", (event) => event.key === "Escape" && !stop.hidden && on.stop());
  stop.addEventListener("click", () => on.stop());
  hearFiles(attach);
  check();

  return {
    limit(next) {
      limits = next;
      check();
    },
    running: (running) => void (stop.hidden = !running),
    suggest(message) {
      question.value = message;
      check();
      question.focus();
    },
    get files() {
      return files;
    },
    restart(next) {
      files = [...next];
      question.value = "";
      warn("");
      showFiles();
    },
    detach,
    focus: () => question.focus(),
  };
}

function fileChip(file: Attachment, onRemove: () => void): HTMLElement {
  const name = element("span", { class: "name", title: file.name }, file.name);
  const remove = element("button", { type: "button", "aria-label": `Remove ${file.name}`, click: onRemove }, "×");
  return element("li", { class: "chip" }, name, element("small", {}, size(file.size)), remove);
}

function isSameFile(attached: Attachment, file: File): boolean {
  return (
    attached instanceof File &&
    attached.name === file.name &&
    attached.size === file.size &&
    attached.lastModified === file.lastModified
  );
}

/** Why a file cannot be attached beside `attached` others; undefined when it can. */
function refusalOf(file: File, attached: number, limits: Limits | undefined): string | undefined {
  if (limits && attached >= limits.filesPerAsk) return `At most ${limits.filesPerAsk} files go with one question.`;
  if (limits && file.size > limits.fileBytes)
    return `${file.name} has ${size(file.size)}; at most ${size(limits.fileBytes)} are allowed.`;
  return file.size === 0 ? `${file.name} is empty.` : undefined;
}
