import { useChat } from "@ai-sdk/react";
import { docrelayTransport, useDocrelayChat, type DocrelayMessage } from "@docrelay/ai-sdk";
import { connect } from "@docrelay/client";
import { StrictMode, useState, type ReactElement } from "react";
import { createRoot } from "react-dom/client";

const search = new URLSearchParams(location.search);
const id = location.hash.slice(1);
const relay = connect({ url: search.get("relay") ?? "" });
const transport = docrelayTransport(relay, search.has("cancels") ? { onAbort: "cancel" } : {});
(globalThis as { seen?: object }).seen = { relay };

interface Helpers {
  readonly messages: DocrelayMessage[];
  readonly status: string;
  readonly error: Error | undefined;
  sendMessage(message: { text: string }): Promise<void>;
  regenerate(): Promise<void>;
  stop(): Promise<void>;
}

function View({ messages, status, error, sendMessage, regenerate, stop }: Helpers): ReactElement {
  const [text, setText] = useState("");
  return (
    <section data-status={status} data-error={(error as { code?: string } | undefined)?.code}>
      {messages.map((message) => (
        <p key={message.id} id={message.id} data-role={message.role} data-state={message.metadata?.state}>
          {message.parts.map((part) => (part.type === "text" ? part.text : "")).join("")}
        </p>
      ))}
      <input id="question" value={text} onChange={({ target }) => setText(target.value)} />
      <button onClick={() => void sendMessage({ text })}>Ask</button>
      <button onClick={() => void stop()}>Stop</button>
      <button onClick={() => void regenerate()}>Again</button>
    </section>
  );
}

function Plain(): ReactElement {
  return <View {...useChat<DocrelayMessage>({ id, transport, resume: true })} />;
}
function Native(): ReactElement {
  return <View {...useDocrelayChat(relay, id)} />;
}

function App(): ReactElement {
  const [isShown, show] = useState(true);
  return (
    <>
      <button onClick={() => show(!isShown)}>{isShown ? "Hide" : "Show"}</button>
      {isShown && (search.has("plain") ? <Plain /> : <Native />)}
    </>
  );
}
createRoot(document.body.appendChild(document.createElement("div"))).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
