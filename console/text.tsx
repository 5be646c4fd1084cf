import { createContext, Fragment, type ComponentChildren, type VNode } from "preact";
import { useContext } from "preact/hooks";
import type { DeskSettings } from "../src/contract/index.ts";
import { wordsOf, type Words } from "./words/index.ts";

const WordsContext = createContext<Words>(wordsOf("en"));

export const WordsProvider = WordsContext.Provider;

export function useWords(): Words {
  return useContext(WordsContext);
}

/** How the desk speaks to the people of the pool; null: by the clock of this browser, and nobody is named. */
const SettingsContext = createContext<DeskSettings | null>(null);

export const SettingsProvider = SettingsContext.Provider;

export function useSettings(): DeskSettings | null {
  return useContext(SettingsContext);
}

/** Whom to call: by name where the pool's people gave one. */
export function Contact(): VNode {
  const words = useWords();
  const contact = useSettings()?.contact ?? null;
  return contact === null ? <>{words.callRunBook}</> : <Say text={words.contact} contact={contact} />;
}

/** A sentence with its places filled. What fills them is never read as markup, and cannot turn the sentence round. */
export function Say({ text, ...places }: { text: string } & Record<string, ComponentChildren>): VNode {
  const parts = text.split(/\{(\w+)\}/);
  return (
    <>
      {parts.map((part, index) => (
        <Fragment key={index}>{index % 2 === 0 ? part : <bdi>{places[part]}</bdi>}</Fragment>
      ))}
    </>
  );
}

/** As `Say`, for attributes, with marks in the place of elements that keep directions apart. */
export function say(text: string, places: Record<string, string>): string {
  return text.replace(/\{(\w+)\}/g, (_, name: string) => `\u2068${places[name] ?? ""}\u2069`);
}

/** Words of the server or of a person: shown as they are. The server speaks English. */
export function Told({ children }: { children: string }): VNode {
  return (
    <bdi class="told" lang="en">
      {children}
    </bdi>
  );
}
