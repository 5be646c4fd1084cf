import type { VNode } from "preact";
import { useState } from "preact/hooks";
import type { DeskSession } from "../src/contract/index.ts";
import { CallRefused, signIn } from "./calls.ts";
import { Told, useWords } from "./text.tsx";
import type { Words } from "./words/index.ts";

/** Why one is asked to sign in; null: one has not been in yet. */
export type Why = "link" | "over" | "no answer" | null;

/** Asks for a key. */
export function SignIn({ why, onSignedIn }: { why: Why; onSignedIn: (session: DeskSession) => void }): VNode {
  const words = useWords();
  const [key, setKey] = useState("");
  const [asking, setAsking] = useState(false);
  const [trouble, setTrouble] = useState<Why | "key">(why);
  /** What the server tells the holder of a good key: that it is not its hour. */
  const [told, setTold] = useState<string | null>(null);
  const submit = async (): Promise<void> => {
    setAsking(true);
    setTrouble(null);
    setTold(null);
    try {
      onSignedIn(await signIn(key));
    } catch (error) {
      const refusal = error instanceof CallRefused ? error.refusal : null;
      if (refusal?.kind === "denied") setTold(refusal.text);
      setTrouble(refusal?.kind === "no answer" ? "no answer" : "key");
      setAsking(false);
    }
  };
  return (
    <main class="sign-in">
      <h1>{words.tagline}</h1>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void submit();
        }}
      >
        <label for="key">{words.keyLabel}</label>
        <input
          id="key"
          type="password"
          autoComplete="current-password"
          autoCapitalize="off"
          spellcheck={false}
          required
          aria-describedby="key-hint"
          value={key}
          onInput={(event) => setKey(event.currentTarget.value)}
        />
        <p id="key-hint" class="fine">
          {words.keyHint}
        </p>
        {trouble !== null && (
          <p class="message refused" role="alert">
            <span>
              {troubleWords(trouble, words)} {told !== null && <Told>{told}</Told>}
            </span>
          </p>
        )}
        <button type="submit" class="primary" disabled={asking}>
          {asking ? words.signingIn : words.signIn}
        </button>
      </form>
    </main>
  );
}

function troubleWords(trouble: Exclude<Why, null> | "key", words: Words): string {
  switch (trouble) {
    case "key":
      return words.badKey;
    case "link":
      return words.badLink;
    case "over":
      return words.wasSignedOut;
    case "no answer":
      return words.noAnswerSignIn;
  }
}
