import { connect, type Relay } from "@docrelay/client";
import { RelayProvider, useConversation, useConversations, useRelay, useUpload } from "@docrelay/react";
import { StrictMode, Suspense, use, useEffect, useRef, useState, type FormEvent, type ReactElement } from "react";
import { createRoot, hydrateRoot } from "react-dom/client";
import { renderToString } from "react-dom/server";

/** What the page counts for the tests: the drawn frames, and the renders of one component. Also the page's relay. */
interface Seen {
  frames: number;
  renders: number;
  relay?: Relay;
  /** Lets the suspended component render. */
  resume?: () => void;
}
const search = new URLSearchParams(location.search);
const seen: Seen = ((globalThis as { seen?: Seen }).seen = { frames: 0, renders: 0 });

let resume = (): void => undefined;
const later = new Promise<string>((resolve) => (resume = () => resolve("resumed")));

function Turns({ id, name }: { id: string; name: string }): ReactElement {
  const { turns, status, error } = useConversation(id);
  useEffect(() => {
    if (name === "first") seen.renders++;
  });
  return (
    <ol id={name} data-status={status} data-error={error?.code}>
      {turns.map((turn) => (
        <li key={turn.id} data-state={turn.state} data-code={turn.error?.code}>
          <b>{turn.question}</b> <span>{turn.text}</span>
        </li>
      ))}
    </ol>
  );
}

function Composer({ id }: { id: string }): ReactElement {
  const { ask, retry, cancel, turns } = useConversation(id);
  const { files, add, remove, clear } = useUpload();
  const input = useRef<HTMLInputElement>(null);
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    ask(input.current?.value ?? "", { files: files.map(({ file }) => file) });
    clear();
  };
  return (
    <form onSubmit={submit}>
      <input id="question" ref={input} />
      <input
        id="file"
        type="file"
        multiple
        onChange={({ target }) => [...(target.files ?? [])].forEach((file) => add(file))}
      />
      <ul>
        {files.map(({ id, name, state, pages, error }) => (
          <li key={id} data-file={name} data-state={state} data-code={error?.code}>
            {pages} pages
            <button type="button" onClick={() => remove(id)}>
              Remove {name}
            </button>
          </li>
        ))}
      </ul>
      <button>Ask</button>
      <button type="button" onClick={() => cancel()}>
        Stop
      </button>
      <button type="button" onClick={() => retry(turns.at(-1)?.id ?? "")}>
        Again
      </button>
      <button type="button" onClick={() => retry("nothing")}>
        Retry nothing
      </button>
    </form>
  );
}

function List(): ReactElement {
  const { conversations, error, rename, remove } = useConversations();
  return (
    <ul id="list" data-known={conversations !== undefined} data-error={error?.code}>
      {conversations?.map(({ id, title }) => (
        <li key={id}>
          <b>{title}</b>
          <button onClick={() => rename(id, "Renamed")}>Rename {title}</button>
          <button onClick={() => rename(id, "")}>Rename to nothing</button>
          <button onClick={() => remove(id)}>Delete {title}</button>
        </li>
      ))}
    </ul>
  );
}

function Later({ id }: { id: string }): ReactElement {
  const { turns } = useConversation(id);
  return (
    <p id="later">
      {use(later)} {turns.length}
    </p>
  );
}

function App({ id }: { id: string }): ReactElement {
  const { state } = useRelay();
  const [isShown, show] = useState(true);
  return (
    <main data-relay={state}>
      <button onClick={() => show(!isShown)}>{isShown ? "Hide" : "Show"}</button>
      {isShown && (
        <>
          <Turns id={id} name="first" />
          <Turns id={id} name="second" />
          <Composer id={id} />
          <List />
          {search.has("rendered") || (
            <Suspense fallback={<p id="waiting" />}>
              <Later id={id} />
            </Suspense>
          )}
        </>
      )}
    </main>
  );
}

const count = (): void => {
  seen.frames++;
  requestAnimationFrame(count);
};
count();

const id = location.hash.slice(1);
const app = (relay: Relay | undefined): ReactElement => (
  <StrictMode>
    <RelayProvider relay={relay}>
      <App id={id} />
    </RelayProvider>
  </StrictMode>
);
const root = document.body.appendChild(document.createElement("div"));
seen.resume = resume;
// With `rendered`, the page is rendered as on a server, without a relay, and then hydrated.
const isRendered = search.has("rendered");
if (isRendered) root.innerHTML = renderToString(app(undefined));
seen.relay = connect({ url: search.get("relay") ?? "" });
if (isRendered) hydrateRoot(root, app(seen.relay));
else createRoot(root).render(app(seen.relay));
