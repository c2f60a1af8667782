import { newId, type Answer, type Conversation, type Turn } from "@docrelay/client";
import { isSameFile, type Attachment } from "../files/attachment.ts";
import { filesOf } from "../files/turn-files.ts";
import type { FailureActions } from "./failure.ts";

/** The asks that this page made in the open conversation, with the data to make them again. */
export interface OwnAsks {
  /**
   * Sends a question. `replaces` is the earlier ask that the new one replaces. Returns false, and does nothing, when no
   * conversation is open.
   */
  ask(message: string, files: readonly Attachment[], replaces?: string): boolean;
  /** Asks a failed question again, unchanged or changed. */
  again(failed: Turn, changed: Parameters<FailureActions["again"]>[1]): void;
  stop(turn: Turn): void;
  /** Returns the files of a turn: the browser's files if the question was asked on this page, else the stored ones. */
  files(turn: Turn): readonly Attachment[];
  /** Returns the files of an ask that was made on this page; undefined for any other ask. */
  given(ask: string): readonly Attachment[] | undefined;
  passwordOf(file: Attachment): string | undefined;
  /**
   * Must be called when another conversation is opened: forgets all but the typed passwords, which stay until the page
   * closes.
   */
  clear(): void;
}

export interface OwnAsksDeps {
  conversation(): Conversation | undefined;
  onAsked(ask: AskedFrom, accepted: Promise<unknown>): void;
  onAgain(turn: Turn): void;
  /**
   * Called when the browser no longer has a file of the question. Puts the question into the composer, so that the user
   * can attach the file again.
   */
  edit(turn: Turn): void;
}

export interface AskedFrom {
  readonly conversation: string;
  readonly id: string;
  readonly question: string;
  readonly files: readonly Attachment[];
}

interface State {
  readonly deps: OwnAsksDeps;
  readonly files: Map<string, readonly Attachment[]>;
  readonly answers: Map<string, Answer>;
  /** The passwords that the user typed. The next question about the same file needs its password again. */
  readonly passwords: Map<Attachment, string>;
}

export function createOwnAsks(deps: OwnAsksDeps): OwnAsks {
  const state: State = { deps, files: new Map(), answers: new Map(), passwords: new Map() };
  const { files, answers } = state;
  return {
    ask: (message, chosen, replaces) => ask(state, message, chosen, replaces),
    again: (failed, changed) => again(state, failed, changed),
    stop(turn) {
      const ending = answers.get(turn.id)?.cancel() ?? deps.conversation()?.cancel(turn.id);
      ending?.catch(() => undefined); // An error is ignored, because the log shows whether the ask has ended.
    },
    files: (turn) => files.get(turn.id) ?? filesOf(turn),
    given: (id) => files.get(id),
    passwordOf: (file) => passwordOf(state, file),
    clear() {
      files.clear();
      answers.clear();
    },
  };
}

function ask(state: State, message: string, chosen: readonly Attachment[], replaces?: string): boolean {
  const id = newId();
  return send(state, message, chosen, (to, passwords) => {
    state.files.set(id, chosen); // The files are set before the ask is made, because the page shows both at once.
    // The trace begins with the click, and servers with tracing continue it. The trace id is the ask's id.
    const traceparent = `00-${id}-${newId().slice(16)}-01`;
    return to.ask(message, { id, files: chosen, passwords, traceparent, ...(replaces !== undefined && { replaces }) });
  });
}

function send(
  state: State,
  question: string,
  files: readonly Attachment[],
  by: (to: Conversation, passwords: ReadonlyMap<number, string>) => Answer,
): boolean {
  const { deps, answers } = state;
  const conversation = deps.conversation();
  if (!conversation) return false;
  const known = files.flatMap((file, index) => {
    const password = passwordOf(state, file);
    return password === undefined ? [] : [[index, password] as const];
  });
  const answer = by(conversation, new Map(known));
  const { id } = answer;
  state.files.set(id, files);
  answers.set(id, answer);
  deps.onAsked({ conversation: conversation.id, id, question, files }, answer.accepted);
  return true;
}

function again(state: State, failed: Turn, changed: Parameters<FailureActions["again"]>[1]): void {
  const { deps, files, passwords } = state;
  const all = files.get(failed.id) ?? filesOf(failed);
  deps.onAgain(failed);
  if (changed && "without" in changed) {
    const others = all.filter((_, index) => index !== changed.without);
    return void ask(state, failed.question, others);
  }
  const file = changed && all[changed.file];
  if (file) passwords.set(file, changed.password);
  try {
    // `retry` keeps the id of an ask whose outcome is unknown, so that the ask is never answered twice.
    send(state, failed.question, all, (to, known) => to.retry(failed.id, { passwords: known }));
  } catch {
    deps.edit(failed);
  }
}

/**
 * Returns the password that the user typed for a file. If `passwords` does not have this object, the password of an
 * equal file (`isSameFile`) is used, because each reading of the log makes new objects for the same files.
 */
function passwordOf({ passwords }: State, file: Attachment): string | undefined {
  return passwords.get(file) ?? [...passwords].findLast(([other]) => isSameFile(other, file))?.[1];
}
