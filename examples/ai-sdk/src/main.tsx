import { fileRef, useDocrelayChat } from "@docrelay/ai-sdk";
import { StrictMode, type ReactElement } from "react";
import { createRoot } from "react-dom/client";
import { conversationId, relay } from "./relay.ts";

function Chat({ id }: { id: string }): ReactElement {
  const { messages, status, error, sendMessage, regenerate, stop } = useDocrelayChat(relay, id);
  const submit = async (data: FormData): Promise<void> => {
    const question = data.get("question");
    if (typeof question !== "string") return;
    const chosen = data.getAll("file").filter((file): file is File => file instanceof File && file.size > 0);
    const files = await Promise.all(
      chosen.map(async (file) => fileRef({ ...(await relay.upload(file)), name: file.name })),
    );
    // The promise is not awaited: otherwise the form's action would last until the end of the answer.
    void sendMessage({ text: question, files });
  };
  return (
    <main>
      {messages.map((message) => (
        <p key={message.id} data-role={message.role} style={{ whiteSpace: "pre-wrap" }}>
          {message.parts.map((part) => (part.type === "text" ? part.text : ""))}
        </p>
      ))}
      {error && <button onClick={() => void regenerate()}>{error.message} Try again</button>}
      <form action={submit}>
        <input name="question" aria-label="Question" required />
        <input name="file" type="file" aria-label="Files" accept="application/pdf" multiple />
        <button>Ask</button>
        {status !== "ready" && (
          <button type="button" onClick={() => void stop()}>
            Stop
          </button>
        )}
      </form>
    </main>
  );
}

const root = document.querySelector("#root");
if (root)
  createRoot(root).render(
    <StrictMode>
      <Chat id={conversationId()} />
    </StrictMode>,
  );
