import type { Relay } from "@docrelay/client";
import { createUnsent, type Unsent } from "../drafts/unsent.ts";
import { createDrafts, type Drafts, type DraftStorage } from "../drafts/drafts.ts";
import { createPreparing, type Preparing } from "./preparing.ts";
import type { Attachment } from "../files/attachment.ts";
import { inSentence } from "../files/file-name.ts";
import { createPageUploads, uploadOf, type PageUploads } from "../files/page-uploads.ts";
import type { Frame } from "../frame/frame.ts";
import type { Viewer } from "../viewer/viewer.ts";
import { wordsFor } from "../words/errors.ts";
import { createAskedHere, type AskedHere } from "./asked-here.ts";
import { createComposer, type Composer, type ComposerListener } from "../composing/composer.ts";
import { createQuotaLine } from "../composing/quota-line.ts";
import { createSuggestions, type Suggestions } from "../composing/suggestions.ts";

/** The next question with its files, from the first word typed until it is asked. */
export interface Asking {
  readonly composer: Composer;
  readonly suggestions: Suggestions;
  readonly preparing: Preparing;
  readonly drafts: Drafts;
  readonly unsent: Unsent;
  readonly asked: AskedHere;
}

export interface AskingDeps {
  readonly frame: Frame;
  readonly relay: Relay;
  readonly storage: DraftStorage;
  readonly viewer: Viewer;
  readonly send: ComposerListener["send"];
  readonly stop: ComposerListener["stop"];
}

export function createAsking({ frame, relay, storage, viewer, send, stop }: AskingDeps): Asking {
  const drafts = createDrafts(storage);
  const unsent = createUnsent(() => sessionStorage);
  const uploads = createPageUploads(relay, (file) => uploadChanged(asking, uploads, file));
  const asked = createAskedHere({ unsent, quotaLine: createQuotaLine(frame, relay), uploads });
  const composer: Composer = createComposer(frame, {
    send,
    stop,
    onText: () => preparing.keep(),
    onFiles() {
      preparing.choose();
      for (const file of composer.files) if (file instanceof File) uploads.begin(file);
      preparing.keep();
    },
    onOpen: (file) => openAttached(viewer, uploads, file),
    onDetached(file) {
      if (!(file instanceof File)) return;
      suggestions.drop(file);
      if (!asked.has(file)) uploads.drop(file);
    },
  });
  const suggestions = createSuggestions(frame, relay.uploads, (question) => composer.suggest(question));
  const preparing = createPreparing({ relay, drafts, unsent, uploads, asked, composer });
  const asking: Asking = { composer, suggestions, preparing, drafts, unsent, asked };
  return asking;
}

function openAttached(viewer: Viewer, uploads: PageUploads, file: Attachment): void {
  const { name, size } = file;
  const local = file instanceof File ? file : undefined;
  const state = local && uploads.state(local);
  const status = state && "status" in state ? state.status : undefined;
  viewer.open(
    { name, size, local, upload: uploadOf(uploads, file), pages: status?.pages, missing: status?.missing },
    1,
  );
}

/** Updates the composer after an upload has progressed, ended or failed. */
function uploadChanged({ composer, suggestions, preparing, asked }: Asking, uploads: PageUploads, file: File): void {
  const state = uploads.state(file);
  composer.uploading(file, state);
  // Suggestions come only from files that are attached now. This upload may be of a file of another conversation,
  // because uploads continue when the user leaves a conversation.
  const isReady = state && "status" in state && state.status?.stage === "ready";
  if (isReady && composer.files.includes(file)) suggestions.about(file, state.status);
  if (!state || "sent" in state) return;
  const error = "error" in state ? state.error.wire : state.status?.error;
  // An error of the file itself is shown before the question is asked. Other errors are temporary. A missing password
  // is not shown here, because the turn gets a form for the password once the question is asked.
  if (error && !asked.has(file) && error.code !== "PDF_ENCRYPTED" && /^(FILE|PDF|PAYLOAD)_/.test(error.code)) {
    const { what, advice } = wordsFor(error, inSentence(file.name));
    composer.detach(file);
    composer.warn([...composer.warnings, `${what} ${advice}`]);
  }
  preparing.keep();
}
