import { RelayProvider } from "@docrelay/react";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { Chat } from "./chat.tsx";
import { conversationId, relay } from "./relay.ts";

const root = document.querySelector("#root");
if (root)
  createRoot(root).render(
    <StrictMode>
      <RelayProvider relay={relay}>
        <Chat id={conversationId()} />
      </RelayProvider>
    </StrictMode>,
  );
