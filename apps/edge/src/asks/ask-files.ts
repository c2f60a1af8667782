import {
  canChange,
  conversationAddress,
  forgetUnnamed,
  keepUpload,
  readText,
  readUpload,
  renewUpload,
  retainBytes,
  setPassword,
  textKey,
  textState,
  userAddress,
  useText,
  type AskFile,
  type Store,
} from "@docrelay/channel";
import { cleanFileName, refuse, type Limits } from "@docrelay/protocol";
import { createHash } from "node:crypto";
import { canBeRead, type ExtractionDeps } from "../uploads/extraction.ts";
import { forgetDepsOf } from "../uploads/own-files.ts";
import { looksLikePdf } from "../uploads/pdf-bytes.ts";
import type { SharedSettings } from "../uploads/shared-settings.ts";
import type { Uploads } from "../uploads/uploads.ts";

/**
 * A file of an ask: the id of a finished upload of the same user, or the file's bytes, which the ask itself carried.
 */
export type AskFileInput = { readonly upload: string; readonly password?: string | undefined } | InlineFile;
interface InlineFile {
  readonly name: string;
  readonly type: string;
  readonly bytes: Uint8Array;
  readonly password?: string | undefined;
}

export interface FileDeps extends ExtractionDeps {
  readonly sharedSettings: SharedSettings;
  readonly uploads: Pick<Uploads, "keep">;
}

/** A file of an ask. Its bytes are stored, and its text key is known. */
export type PreparedFile = AskFile & { readonly password?: string | undefined };

/** Checks all files before any is stored: one refused file must not leave the stored bytes of the others behind. */
export function checkFiles(files: readonly AskFileInput[], limits: Limits, maxInlineBytes: number): void {
  if (files.length > limits.filesPerAsk) {
    const message = `There are ${files.length} files; ${limits.filesPerAsk} are allowed.`;
    throw refuse("PAYLOAD_TOO_LARGE", { reason: "file", message });
  }
  let inline = 0;
  for (const [index, file] of files.entries()) {
    if ("upload" in file) continue;
    cleanFileName(file.name);
    inline += file.bytes.length;
    if (file.bytes.length > limits.fileBytes || inline > maxInlineBytes) {
      throw refuse("PAYLOAD_TOO_LARGE", { reason: "file", file: index });
    }
    if (!looksLikePdf(file.bytes)) throw refuse("FILE_TYPE_UNSUPPORTED", { file: index });
  }
}

/**
 * Prepares the files of an ask: those that are uploads first, so that no bytes are stored for an ask that names a
 * missing upload.
 */
export async function prepareFiles(
  deps: FileDeps,
  ask: { user: string; conversation: string; id: string; files: readonly AskFileInput[] },
  isKnown: boolean,
): Promise<PreparedFile[]> {
  const prepared: PreparedFile[] = [];
  const prepare = async (isUpload: boolean): Promise<unknown> =>
    Promise.all(
      ask.files.map(async (file, index) => {
        if ("upload" in file === isUpload) prepared[index] = await prepareFile(deps, ask, { file, index, isKnown });
      }),
    );
  await prepare(true);
  await prepare(false);
  return prepared;
}

/** Finds a file's bytes and its text key, and renews the expiry of everything that an ask needs of the file. */
async function prepareFile(
  deps: FileDeps,
  { user, conversation, id: ask }: { user: string; conversation: string; id: string },
  { file, index, isKnown }: { file: AskFileInput; index: number; isKnown: boolean },
): Promise<PreparedFile> {
  const { store } = deps;
  const found =
    "upload" in file ? await named(deps, user, file.upload) : await kept(deps, user, { ask, file, index, isKnown });
  if (!found) throw refuse("NOT_FOUND", { file: index, message: "There is no such finished upload. Send the file." });
  const { password } = file;
  const opened = password === undefined ? found : await withPassword(deps, user, found, password);
  const by = { conversation: conversationAddress(user, conversation), text: opened.text };
  // `useText` is sent before `canBeRead`: so a process that removes the text at the same moment either sees this user
  // and keeps the text, or has removed the text before `canBeRead` looks for it.
  const [, renewed, isReadable] = await Promise.all([
    useText(store, userAddress(user), opened.text),
    renewUpload(store, user, found.upload, by),
    canBeRead(deps, opened),
  ]);
  if (!isReadable || renewed === "unknown") {
    // If the user has removed the upload since it was found, the removal has not seen this use of the text.
    await forgetUnnamed(forgetDepsOf(deps), user, found, opened.text);
    throw refuse("NOT_FOUND", { file: index, message: "The file is no longer kept. Send it again." });
  }
  return opened;
}

/** A file of an ask, with the id of its upload, so that later asks can name the file again. */
type Named = AskFile & { readonly upload: string };

async function named({ store }: FileDeps, user: string, id: string): Promise<Named | undefined> {
  const upload = await readUpload(store, user, id);
  if (!upload?.done || upload.sha256 === undefined || upload.text === undefined) return undefined;
  const { name, size, sha256, text, ref } = upload;
  return { name, size, sha256, text, ref, upload: id };
}

/**
 * Stores the bytes of a file that came with an ask, and gives the file an upload id by which later asks can name it.
 * The id follows from the ask's id and the file's place, name and bytes, so that an ask sent again gets the same id.
 */
async function kept(
  deps: FileDeps,
  user: string,
  of: { ask: string; file: InlineFile; index: number; isKnown: boolean },
): Promise<Named> {
  const { ask, file, index, isKnown } = of;
  const found = await deps.uploads.keep(user, { ...file, name: cleanFileName(file.name), isKnown });
  const { name, size, sha256, text, ref } = found;
  const id = createHash("sha256")
    .update(JSON.stringify([ask, index, name, sha256]))
    .digest("base64url")
    .slice(0, 22);
  const upload = { id, name, type: file.type, size, sha256, text, ref };
  if ((await keepUpload(deps.store, user, upload)) === "leaving") {
    await forgetUnnamed(forgetDepsOf(deps), user, found);
    throw refuse("BUSY", { file: index, retryAfterMs: 1000, message: "The file is being removed. Send it again." });
  }
  return { ...found, upload: id };
}

/**
 * Returns the file with the text key of its text. A password gives the same bytes another text key. If the outcome
 * without a password is stored and cannot change, the file keeps its text key, because its bytes may have been released
 * already. Otherwise the password is stored under the new text key, where the extraction looks for it, at most until
 * the deadline of the ask.
 */
async function withPassword(
  { store, sharedSettings }: FileDeps,
  user: string,
  file: AskFile,
  password: string,
): Promise<PreparedFile> {
  await retainBytes(store, file.ref);
  if (await isSettled(store, file.text)) return { ...file, password };
  const scope = sharedSettings.scopeOf(user);
  const source = { sha256: file.sha256, profile: await sharedSettings.profile(), password, scope };
  const text = textKey(await sharedSettings.secret(), source);
  const [outcome] = await textState(store, [text]);
  if (outcome === "missing") await setPassword(store, text, password, store.askDeadlineMs);
  return { ...file, text, password, locked: true };
}

/** Whether the outcome of the text key `text` is stored, and extracting the bytes again cannot change it. */
async function isSettled(store: Store, text: string): Promise<boolean> {
  const [state] = await textState(store, [text]);
  if (state !== "failed") return state === "text";
  const failure = await readText(store, text);
  return failure !== undefined && !canChange(failure);
}

/** Returns the fields of a file that count for the digest of its ask. */
export function digestPart({ name, sha256, password }: Pick<PreparedFile, "name" | "sha256" | "password">): {
  name: string;
  sha256: string;
  password?: string;
} {
  return { name, sha256, ...(password === undefined ? {} : { password }) };
}

/**
 * Returns the fields of an ask's files that count for its digest, without storing anything; undefined if the ask names
 * an upload that is not there.
 */
export async function digestParts(
  deps: FileDeps,
  user: string,
  files: readonly AskFileInput[],
): Promise<Array<ReturnType<typeof digestPart>> | undefined> {
  const parts = await Promise.all(
    files.map(async (file) => {
      const { password } = file;
      if ("upload" in file) return { ...(await named(deps, user, file.upload)), password };
      return {
        name: cleanFileName(file.name),
        sha256: createHash("sha256").update(file.bytes).digest("hex"),
        password,
      };
    }),
  );
  const found = parts.flatMap(({ name, sha256, password }) =>
    name === undefined || sha256 === undefined ? [] : [digestPart({ name, sha256, password })],
  );
  return found.length === parts.length ? found : undefined;
}
