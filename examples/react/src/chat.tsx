import type { Turn } from "@docrelay/client";
import { useConversation, useUpload } from "@docrelay/react";
import { memo, type ReactElement } from "react";

/**
 * A turn that has not changed stays the same object, so `memo` keeps it from being rendered again while another turn
 * grows.
 */
const TurnView = memo(({ turn, retry }: { turn: Turn; retry(ask: string): void }) => (
  <article aria-busy={turn.state === "running"}>
    <h2>{turn.question}</h2>
    {turn.files.map(({ name, pages }) => (
      <small key={name}>
        {name} {pages && `(${pages} pages)`}
      </small>
    ))}
    <p style={{ whiteSpace: "pre-wrap" }}>{turn.text || turn.progress?.stage}</p>
    {turn.error && <button onClick={() => retry(turn.id)}>{turn.error.message} Try again</button>}
  </article>
));

export function Chat({ id }: { id: string }): ReactElement {
  const { turns, status, error, ask, retry, cancel } = useConversation(id);
  const { files, add, remove, clear } = useUpload();
  const submit = (data: FormData): void => {
    const question = data.get("question");
    if (typeof question !== "string") return;
    ask(question, { files: files.map(({ file }) => file) });
    clear();
  };
  return (
    <main>
      {status === "loading" && <p>Loading …</p>}
      {turns.map((turn) => (
        <TurnView key={turn.id} turn={turn} retry={retry} />
      ))}
      {error && <p role="alert">{error.message}</p>}
      <form action={submit}>
        <input name="question" aria-label="Question" required />
        <input
          type="file"
          aria-label="Files"
          accept="application/pdf"
          multiple
          onChange={({ target }) => [...(target.files ?? [])].forEach((file) => add(file))}
        />
        {files.map(({ id, name, state, progress, error }) => (
          <button key={id} type="button" onClick={() => remove(id)}>
            {name}: {error?.message ?? (state === "uploading" ? `${Math.round(progress * 100)} %` : state)} ×
          </button>
        ))}
        <button>Ask</button>
        {status === "answering" && (
          <button type="button" onClick={() => cancel()}>
            Stop
          </button>
        )}
      </form>
    </main>
  );
}
