import { connect, newId } from "@docrelay/client";
import { keepFiles, recallFiles } from "./attachment.ts";
import { createComposer } from "./composer.ts";
import { createConversationView } from "./conversation-view.ts";
import { byId } from "./element.ts";

/** The conversation's id stands in the address: a reload, a bookmark and a second tab show the same one. */
function conversationId(): string {
  const given = location.hash.slice(1);
  if (/^[A-Za-z0-9_-]{1,64}$/.test(given)) return given;
  const last = localStorage.getItem("docrelay:conversation");
  const id = last && /^[A-Za-z0-9_-]{1,64}$/.test(last) ? last : newId();
  history.replaceState(null, "", `#${id}`);
  return id;
}

const relay = connect();
const connection = byId("connection", HTMLParagraphElement);
const STATES = {
  connecting: "Connecting…",
  online: "Connected",
  offline: "Connection lost. Trying again…",
  closed: "Not connected. Reload the page.",
};
relay.onState((state) => {
  connection.dataset["state"] = state;
  connection.textContent = STATES[state];
  if (state === "online") composer.limit(relay.limits);
});

const composer = createComposer({
  send: (message, files) => view.ask(message, files),
  stop: () => view.stop(),
  onFiles: () => keep(),
});
const uploads = new WeakMap<File, string>();
const keep = (): void => keepFiles(conversationId(), composer.files, uploads);
const view = createConversationView(relay, {
  onRunning: (running) => composer.running(running),
  onUnfit: (file) => composer.detach(file),
  onStored(files) {
    for (const file of files) {
      if (!(file instanceof File)) continue;
      // It is there already: this only tells under which id.
      relay.upload(file).then(
        ({ upload }) => {
          uploads.set(file, upload);
          keep();
        },
        () => undefined, // the next question sends it anew
      );
    }
  },
});

let shown: string | undefined;
function show(): void {
  const id = conversationId();
  localStorage.setItem("docrelay:conversation", id);
  if (id === shown) return;
  shown = id;
  composer.restart(recallFiles(id));
  view.open(id);
}
addEventListener("hashchange", show);
byId("new", HTMLButtonElement).addEventListener("click", () => {
  location.hash = newId();
  composer.focus();
});
byId("suggestion", HTMLButtonElement).addEventListener("click", () => composer.suggest("what is inside this pdf?"));
show();
composer.focus();
