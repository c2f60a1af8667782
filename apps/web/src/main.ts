import { browserStorage } from "@docrelay/client";
import { startChat } from "./chat.ts";
import { pageAddress } from "./frame/address.ts";
import { pageFrame } from "./frame/frame.ts";
import { createTab } from "./reading/tab.ts";
import { startLanguage } from "./start-language.ts";

const frame = pageFrame();
const storage = browserStorage(() => (frame.find("unkept", HTMLParagraphElement).hidden = false));
await startLanguage(document.documentElement, storage);
startChat({
  frame,
  address: pageAddress(),
  tab: createTab(storage),
  storage,
  restart: () => location.reload(),
  // The page may be served under any prefix, so docrelay's address is the page's own folder.
  relay: { url: new URL(".", location.href).href.replace(/\/$/, "") },
}).focus();
