import { browserStorage, connect, newId } from "@docrelay/client";
import { conversationOf, hashOf } from "./address.ts";
import { keepFiles, recallFiles } from "./attachment.ts";
import { createComposer } from "./composer.ts";
import { createConversationView } from "./conversation-view.ts";
import { byId } from "./element.ts";

const LAST = "docrelay:conversation";
const STATES = {
  connecting: "Connecting…",
  online: "Connected",
  offline: "Connection lost. Trying again…",
  closed: "Not connected. Reload the page.",
};

const storage = browserStorage(() => (byId("unkept", HTMLParagraphElement).hidden = false));
// The page may be served under any prefix: docrelay is where the page is.
const relay = connect({ url: new URL(".", location.href).href.replace(/\/$/, ""), storage });
const uploads = new WeakMap<File, string>();
let shown: string | undefined;

const composer = createComposer({
  send: (message, files) => view.ask(message, files),
  stop: () => view.stop(),
  onFiles: () => keep(),
});
const view = createConversationView(relay, {
  onRunning: (running) => composer.running(running),
  onUnfit: (file) => composer.detach(file),
  onStored(files) {
    for (const file of files) {
      if (!(file instanceof File)) continue;
      // The file is uploaded already: this only gives its upload's id.
      relay.upload(file).then(
        ({ upload }) => {
          uploads.set(file, upload);
          keep();
        },
        () => undefined, // The next question uploads it again.
      );
    }
  },
});
function keep(): void {
  if (shown !== undefined) keepFiles(shown, composer.files, uploads);
}

/** Shows the address's conversation, so that a reload, a bookmark and a second tab show the same one. */
function show(): void {
  const given = conversationOf(location.hash);
  const id = given ?? shown ?? conversationOf(hashOf(storage.getItem(LAST) ?? "")) ?? newId();
  // Also after a jump to an anchor: its hash would lose the conversation at a reload.
  if (location.hash !== hashOf(id)) history.replaceState(null, "", hashOf(id));
  storage.setItem(LAST, id);
  if (id === shown) return;
  shown = id;
  composer.restart(recallFiles(id));
  view.open(id);
}

const connection = byId("connection", HTMLParagraphElement);
relay.onState((state) => {
  connection.dataset["state"] = state;
  connection.textContent = STATES[state];
  if (state === "online") composer.limit(relay.limits);
});
addEventListener("hashchange", show);
byId("new", HTMLButtonElement).addEventListener("click", () => {
  location.hash = hashOf(newId());
  composer.focus();
});
byId("suggestion", HTMLButtonElement).addEventListener("click", () => composer.suggest("what is inside this pdf?"));
show();
composer.focus();
