import { en, type Words } from "./en.ts";
import { ja } from "./ja.ts";

export type { Words } from "./en.ts";

export const languages = { en: "English", ja: "日本語" } as const;
export type Language = keyof typeof languages;

const words: Record<Language, Words> = { en, ja };
const keptAs = "nightdesk.language";

export function wordsOf(language: Language): Words {
  return words[language];
}

/** What was chosen here before, else the first of the browser's languages that there is, else English. */
export function firstLanguage(): Language {
  const wanted = [kept(), ...navigator.languages];
  for (const one of wanted) {
    const short = one?.slice(0, 2).toLowerCase();
    if (short === "en" || short === "ja") return short;
  }
  return "en";
}

export function keepLanguage(language: Language): void {
  try {
    localStorage.setItem(keptAs, language);
  } catch {
    // A browser that keeps nothing asks itself again the next time.
  }
}

function kept(): string | null {
  try {
    return localStorage.getItem(keptAs);
  } catch {
    return null;
  }
}
