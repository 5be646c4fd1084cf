import type { VNode } from "preact";
import { momentText } from "./moments.ts";
import { useSettings, useWords } from "./text.tsx";

/** A moment, as the people of the pool read times. */
export function Moment({ at }: { at: number }): VNode {
  const { lang } = useWords();
  const settings = useSettings();
  const zone = settings?.zone ?? null;
  const text = momentText(at, { lang, zone, onward: settings?.hours24to47 ?? false, now: Date.now() });
  return <time dateTime={new Date(at).toISOString()}>{text}</time>;
}

export function count(number: number, lang: string): string {
  return new Intl.NumberFormat(lang).format(number);
}
