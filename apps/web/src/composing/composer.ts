import type { Limits } from "@docrelay/client";
import type { Attachment } from "../files/attachment.ts";
import type { Frame } from "../frame/frame.ts";
import { withPlainName } from "../files/file-name.ts";
import type { UploadState } from "../files/page-uploads.ts";
import { chooseFiles } from "../files/refusals.ts";
import type { Given } from "../files/transfer.ts";
import { createAttached, type Attached } from "./attached.ts";
import { hearFiles } from "./incoming-files.ts";
import { isComposing } from "./keys.ts";
import { say } from "../words/say.ts";

export interface Composer {
  /** Sets the server's limits, which are checked before anything is sent. */
  limit(limits: Limits | undefined): void;
  running(running: boolean): void;
  suggest(message: string): void;
  /** Replaces the text of the question field, and leaves the focus where it is. */
  replace(message: string): void;
  readonly text: string;
  /** The attached files, which go with the next question. */
  readonly files: readonly Attachment[];
  /** Replaces the text of the question field and the attached files. */
  restart(text: string, files: readonly Attachment[]): void;
  /** Attaches files that do not count as new (`Attached.hasNew`), without moving the focus. */
  offer(files: readonly Attachment[]): void;
  /** Puts a question before the typed text, and its files beside the attached ones. */
  edit(message: string, files: readonly Attachment[]): void;
  detach(file: Attachment): void;
  uploading(file: Attachment, state: UploadState | undefined): void;
  /** Shows sentences, one on each line, until the next question or file. */
  warn(sentences: readonly string[]): void;
  readonly warnings: readonly string[];
  focus(): void;
}

export interface ComposerListener {
  /** Returns whether the question was asked. A question that could not be asked stays in the composer. */
  send(message: string, files: readonly Attachment[]): boolean;
  stop(): void;
  onText(): void;
  /** The user attached or removed files. */
  onFiles(): void;
  onDetached(file: Attachment): void;
  /** The user wants to see an attached file. */
  onOpen(file: Attachment): void;
}

/** Creates the composer: the field for the next question, and its files, which stay attached for later questions. */
export function createComposer(frame: Frame, on: ComposerListener): Composer {
  const question = frame.find("question", HTMLTextAreaElement);
  const stop = frame.find("stop", HTMLButtonElement);
  const problem = frame.find("problem", HTMLDivElement);
  const attached = createAttached(frame.find("files", HTMLUListElement), {
    open: (file) => on.onOpen(file),
    remove(file) {
      detach(box, file);
      question.focus();
    },
  });
  const box: Box = {
    on,
    question,
    problem,
    attached,
    limits: undefined,
    count: frame.find("count", HTMLParagraphElement),
    send: frame.find("send", HTMLButtonElement),
  };
  hearKeys(frame, box, stop);
  hearFiles(frame, (given) => attach(box, given));
  check(box);

  return {
    limit(next) {
      box.limits = next;
      check(box);
    },
    running(running) {
      // The focus must not stay on a button that is hidden: browsers would move it to the beginning of the page.
      if (!running && frame.focused() === stop) question.focus();
      stop.hidden = !running;
    },
    suggest(message) {
      write(box, message);
      question.focus();
    },
    replace: (message) => write(box, message),
    get text() {
      return question.value;
    },
    get files() {
      return attached.files;
    },
    restart(text, files) {
      attached.clear();
      warn(problem, []);
      attached.add(files, true);
      write(box, text);
    },
    offer: (files) => add(box, files, true),
    edit(message, files) {
      attached.add(files);
      write(box, [message, question.value].filter((text) => text !== "").join("\n\n"));
      on.onFiles();
      question.focus();
    },
    detach: (file) => detach(box, file),
    uploading: (file, state) => attached.chip(file)?.show(state),
    warn: (sentences) => warn(problem, sentences),
    get warnings() {
      return [...problem.children].map((line) => line.textContent ?? "");
    },
    focus: () => question.focus(),
  };
}

interface Box {
  readonly on: ComposerListener;
  readonly question: HTMLTextAreaElement;
  readonly problem: HTMLDivElement;
  readonly count: HTMLParagraphElement;
  readonly send: HTMLButtonElement;
  readonly attached: Attached;
  limits: Limits | undefined;
}

function hearKeys(frame: Frame, box: Box, stop: HTMLButtonElement): void {
  const { question, on } = box;
  frame.find("composer", HTMLFormElement).addEventListener("submit", (event) => {
    event.preventDefault();
    submit(box);
  });
  question.addEventListener("input", () => write(box, question.value));
  question.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || isComposing(event)) return;
    event.preventDefault();
    submit(box);
  });
  frame.events.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !event.shiftKey && !stop.hidden && !isComposing(event)) on.stop();
  });
  stop.addEventListener("click", () => {
    on.stop();
    question.focus();
  });
}

function warn(problem: HTMLDivElement, sentences: readonly string[]): void {
  problem.replaceChildren(
    ...sentences.map((sentence) => {
      const line = document.createElement("p");
      line.textContent = sentence;
      return line;
    }),
  );
  problem.hidden = sentences.length === 0;
}

/** Attaches files that the user chose, pasted or dropped. */
function attach(box: Box, { files, refusals }: Given): void {
  const { attached, problem, limits, question, on } = box;
  const chosen = chooseFiles(files.map(withPlainName), attached.files, limits);
  warn(problem, [...refusals, ...chosen.refusals]);
  add(box, chosen.taken);
  on.onFiles();
  question.focus();
}

function add(box: Box, files: readonly Attachment[], isOld = false): void {
  box.attached.add(files, isOld);
  check(box);
}

function detach(box: Box, file: Attachment): void {
  if (!box.attached.remove(file)) return;
  check(box);
  box.on.onDetached(file);
  box.on.onFiles();
}

/** Enables or disables the Send button, depending on whether the question can be asked. */
function check({ question, count, send, attached, limits }: Box): void {
  const length = question.value.length;
  const most = limits?.messageChars ?? Number.POSITIVE_INFINITY;
  count.hidden = length < most * 0.9;
  count.textContent = count.hidden ? "" : say("characters", { length, most });
  send.disabled = (question.value.trim() === "" && !attached.hasNew) || length > most;
}

function submit(box: Box): void {
  const { question, problem, send, attached, on } = box;
  check(box);
  if (send.disabled) return;
  warn(problem, []);
  if (!on.send(question.value.trim(), attached.files)) return warn(problem, [say("couldNotSend")]);
  attached.asked();
  write(box, "");
  question.focus();
}

function write(box: Box, text: string): void {
  box.question.value = text;
  grow(box.question);
  check(box);
  box.on.onText();
}

/** Grows the field with its text in browsers without `field-sizing`. */
function grow(question: HTMLTextAreaElement): void {
  if (CSS.supports("field-sizing", "content")) return;
  question.style.height = "auto";
  question.style.height = `${question.scrollHeight}px`;
}
