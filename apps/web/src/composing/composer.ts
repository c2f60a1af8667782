import type { Limits } from "@docrelay/client";
import { isSameFile, type Attachment } from "../files/attachment.ts";
import type { Frame } from "../frame/frame.ts";
import { withPlainName } from "../files/file-name.ts";
import { chipOf, type Chip } from "../files/chip.ts";
import type { UploadState } from "../files/page-uploads.ts";
import { chooseFiles } from "../files/refusals.ts";
import type { Given } from "../files/transfer.ts";
import { hearFiles } from "./incoming-files.ts";
import { isComposing } from "./keys.ts";
import { say } from "../words/say.ts";

export interface Composer {
  /** What the server allows; checked before anything is sent. */
  limit(limits: Limits | undefined): void;
  running(running: boolean): void;
  suggest(message: string): void;
  /** Takes another text, and leaves the focus where it is. */
  replace(message: string): void;
  readonly text: string;
  /** What goes with the next question. */
  readonly files: readonly Attachment[];
  /** Takes other files and another text. */
  restart(text: string, files: readonly Attachment[]): void;
  /** Attaches files that the server has, without moving the focus. */
  offer(files: readonly Attachment[]): void;
  /** Puts a question before what is typed, and its files beside those attached. */
  edit(message: string, files: readonly Attachment[]): void;
  detach(file: Attachment): void;
  /** Shows how far a file's upload is. */
  uploading(file: Attachment, state: UploadState | undefined): void;
  /** Shows sentences, one a line, until the next question or file. */
  warn(sentences: readonly string[]): void;
  readonly warnings: readonly string[];
  focus(): void;
}

export interface ComposerListener {
  /** Returns whether the question was taken: one that was not stays in the composer. */
  send(message: string, files: readonly Attachment[]): boolean;
  stop(): void;
  onText(): void;
  /** Files were attached or detached by the person. */
  onFiles(): void;
  onDetached(file: Attachment): void;
  /** An attached file is to be looked at. */
  onOpen(file: Attachment): void;
}

/** The question, and the files that stay attached to the next ones. */
export function createComposer(frame: Frame, on: ComposerListener): Composer {
  const form = frame.find("composer", HTMLFormElement);
  const question = frame.find("question", HTMLTextAreaElement);
  const list = frame.find("files", HTMLUListElement);
  const problem = frame.find("problem", HTMLDivElement);
  const count = frame.find("count", HTMLParagraphElement);
  const send = frame.find("send", HTMLButtonElement);
  const stop = frame.find("stop", HTMLButtonElement);
  const chips = new Map<Attachment, Chip>();
  /** Files of an earlier question: a question without words is about new ones only, so that Enter twice asks once. */
  const asked = new WeakSet<Attachment>();
  let limits: Limits | undefined;

  function warn(sentences: readonly string[]): void {
    problem.replaceChildren(
      ...sentences.map((sentence) => {
        const line = document.createElement("p");
        line.textContent = sentence;
        return line;
      }),
    );
    problem.hidden = sentences.length === 0;
  }
  function attach({ files, refusals }: Given): void {
    const chosen = chooseFiles(files.map(withPlainName), [...chips.keys()], limits);
    warn([...refusals, ...chosen.refusals]);
    add(chosen.taken);
    on.onFiles();
    question.focus();
  }
  function add(files: readonly Attachment[]): void {
    for (const file of files) {
      if ([...chips.keys()].some((other) => isSameFile(other, file))) continue;
      const chip = chipOf(file, {
        open: () => on.onOpen(file),
        remove() {
          detach(file);
          question.focus();
        },
      });
      chips.set(file, chip);
      list.append(chip.root);
    }
    check();
  }
  function detach(file: Attachment): void {
    if (!chips.has(file)) return;
    chips.get(file)?.root.remove();
    chips.delete(file);
    check();
    on.onDetached(file);
    on.onFiles();
  }
  function check(): void {
    const length = question.value.length;
    const most = limits?.messageChars ?? Number.POSITIVE_INFINITY;
    count.hidden = length < most * 0.9;
    count.textContent = count.hidden ? "" : say("characters", { length, most });
    const hasNewFile = [...chips.keys()].some((file) => !asked.has(file));
    send.disabled = (question.value.trim() === "" && !hasNewFile) || length > most;
  }
  function submit(): void {
    check();
    if (send.disabled) return;
    warn([]);
    const files = [...chips.keys()];
    if (!on.send(question.value.trim(), files)) return warn([say("couldNotSend")]);
    for (const file of files) asked.add(file);
    write("");
    question.focus();
  }
  function write(text: string): void {
    question.value = text;
    grow();
    check();
    on.onText();
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
  question.addEventListener("input", () => write(question.value));
  question.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || isComposing(event)) return;
    event.preventDefault();
    submit();
  });
  frame.events.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !event.shiftKey && !stop.hidden && !isComposing(event)) on.stop();
  });
  stop.addEventListener("click", () => {
    on.stop();
    question.focus();
  });
  hearFiles(frame, attach);
  check();

  return {
    limit(next) {
      limits = next;
      check();
    },
    running(running) {
      // A hidden button loses the focus to the page's beginning.
      if (!running && frame.focused() === stop) question.focus();
      stop.hidden = !running;
    },
    suggest(message) {
      write(message);
      question.focus();
    },
    replace: write,
    get text() {
      return question.value;
    },
    get files() {
      return [...chips.keys()];
    },
    restart(text, files) {
      chips.clear();
      list.replaceChildren();
      warn([]);
      add(files);
      for (const file of files) asked.add(file);
      write(text);
    },
    offer(files) {
      for (const file of files) asked.add(file);
      add(files);
    },
    edit(message, files) {
      add(files);
      write([message, question.value].filter((text) => text !== "").join("\n\n"));
      on.onFiles();
      question.focus();
    },
    detach,
    uploading: (file, state) => chips.get(file)?.show(state),
    warn,
    get warnings() {
      return [...problem.children].map((line) => line.textContent ?? "");
    },
    focus: () => question.focus(),
  };
}
