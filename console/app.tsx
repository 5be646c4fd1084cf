import type { VNode } from "preact";
import { useEffect, useErrorBoundary, useState } from "preact/hooks";
import type { DeskSession } from "../src/contract/index.ts";
import { CallRefused, currentSession, signInByLink, signOut } from "./calls.ts";
import { Mark } from "./marks.tsx";
import { Night } from "./night.tsx";
import { SignIn, type Why } from "./sign-in.tsx";
import { Say, useWords, WordsProvider } from "./text.tsx";
import { firstLanguage, keepLanguage, languages, wordsOf, type Language } from "./words/index.ts";

/** Whether a session may be there, which the page cannot see: without it, it does not even ask. */
const hint = "nightdesk.signed-in";

type Door = { at: "opening" } | { at: "outside"; why: Why } | { at: "inside"; session: DeskSession };

export function App(): VNode {
  const [language, setLanguage] = useState<Language>(firstLanguage);
  const [door, setDoor] = useDoor();
  const [failed] = useErrorBoundary();
  useEffect(() => {
    document.documentElement.lang = language;
  }, [language]);
  const choose = (chosen: Language): void => {
    keepLanguage(chosen);
    setLanguage(chosen);
  };
  const enter = (session: DeskSession): void => {
    remember(true);
    setDoor({ at: "inside", session });
  };
  const leave = (why: Why): void => {
    remember(false);
    setDoor({ at: "outside", why });
  };
  return (
    <WordsProvider value={wordsOf(language)}>
      <Top
        language={language}
        onLanguage={choose}
        session={door.at === "inside" ? door.session : null}
        onLeave={() => leave(null)}
      />
      {failed !== undefined ? (
        <Broken />
      ) : door.at === "inside" ? (
        <Inside session={door.session} onSignedOut={() => leave("over")} />
      ) : door.at === "outside" ? (
        <SignIn why={door.why} onSignedIn={enter} />
      ) : (
        <main />
      )}
    </WordsProvider>
  );
}

/** Signed in by the address, by a session that is still open, or not. */
function useDoor(): [Door, (door: Door) => void] {
  const [door, setDoor] = useState<Door>({ at: "opening" });
  useEffect(() => {
    const link = new URLSearchParams(location.hash.slice(1)).get("once");
    // Used up by this, and nobody is to find it in the history.
    if (link !== null) history.replaceState(null, "", location.pathname);
    const enter = (session: DeskSession): void => {
      remember(true);
      setDoor({ at: "inside", session });
    };
    const stay = (why: Why) => (error?: unknown) => {
      const unheard = error instanceof CallRefused && error.refusal.kind === "no answer";
      setDoor({ at: "outside", why: unheard ? "no answer" : why });
    };
    if (link !== null) signInByLink(link).then(enter, stay("link"));
    else if (isRemembered()) currentSession().then(enter, stay("over"));
    else stay(null)();
  }, []);
  return [door, setDoor];
}

function Inside({ session, onSignedOut }: { session: DeskSession; onSignedOut: () => void }): VNode {
  const words = useWords();
  const { token } = session;
  // One that the key may stop and not see has nothing to show.
  const pools = session.pools.filter(({ verbs }) => verbs.includes("view"));
  const [poolId, setPoolId] = useState(pools[0]?.id);
  const pool = pools.find(({ id }) => id === poolId);
  if (pool === undefined) return <main>{words.noPools}</main>;
  return (
    <>
      {pools.length > 1 && (
        <p class="pools">
          <label for="pool">{words.pool}</label>
          <select id="pool" value={pool.id} onChange={(event) => setPoolId(event.currentTarget.value)}>
            {pools.map(({ id, name }) => (
              <option key={id} value={id}>
                {name}
              </option>
            ))}
          </select>
        </p>
      )}
      <Night key={pool.id} pool={pool} token={token ?? ""} onSignedOut={onSignedOut} />
    </>
  );
}

function Top({
  language,
  onLanguage,
  session,
  onLeave,
}: {
  language: Language;
  onLanguage: (language: Language) => void;
  session: DeskSession | null;
  onLeave: () => void;
}): VNode {
  const words = useWords();
  const leave = (): void => {
    // Whatever the server says to it, this page forgets.
    void signOut(session?.token ?? "").catch(() => undefined);
    onLeave();
  };
  return (
    <header>
      <p class="brand">
        <svg viewBox="0 0 32 32" width="28" height="28" aria-hidden="true" focusable="false">
          <path d="M21.5 20.6A8.6 8.6 0 0 1 12.2 8.2a8.9 8.9 0 1 0 11.6 11.5 8.5 8.5 0 0 1-2.3.9z" />
        </svg>
        <span>Nightdesk</span>
      </p>
      <div class="languages" role="group" aria-label={words.language}>
        {(Object.keys(languages) as Language[]).map((one) => (
          <button
            key={one}
            type="button"
            lang={one}
            aria-pressed={one === language}
            onClick={() => onLanguage(one)}
          >
            {languages[one]}
          </button>
        ))}
      </div>
      {session !== null && (
        <p class="who">
          <span class="fine">
            <Say text={words.signedInAs} name={session.name} />
          </span>
          <button type="button" class="quiet" onClick={leave}>
            {words.signOut}
          </button>
        </p>
      )}
    </header>
  );
}

/** In the place of everything, because what still stood there would be believed. */
function Broken(): VNode {
  const words = useWords();
  return (
    <main>
      <section class="headline word-UNKNOWN" role="alert">
        <p class="word">
          <Mark of="UNKNOWN" />
          <strong lang="en">UNKNOWN</strong>
        </p>
        <h1>{words.broken}</h1>
        <p>{words.brokenMore}</p>
        <button type="button" class="primary" onClick={() => location.reload()}>
          {words.reload}
        </button>
      </section>
    </main>
  );
}

function remember(inside: boolean): void {
  try {
    if (inside) localStorage.setItem(hint, "1");
    else localStorage.removeItem(hint);
  } catch {
    // Then one signs in again after a reload.
  }
}

function isRemembered(): boolean {
  try {
    return localStorage.getItem(hint) !== null;
  } catch {
    return false;
  }
}
