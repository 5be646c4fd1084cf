import type { VNode } from "preact";
import { useWords } from "./text.tsx";

/** A moment: here, and in UTC, which is what notices of clouds and logs are in. The day only where it is not today. */
export function Moment({ at }: { at: number }): VNode {
  const { lang } = useWords();
  const date = new Date(at);
  const clock = { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" } as const;
  const sameDay = date.toDateString() === new Date().toDateString();
  const day = sameDay ? {} : ({ year: "numeric", month: "2-digit", day: "2-digit" } as const);
  const here = new Intl.DateTimeFormat(lang, { ...clock, ...day, timeZoneName: "short" }).format(date);
  const utc = date
    .toISOString()
    .slice(sameDay ? 11 : 0, 19)
    .replace("T", " ");
  return (
    <time dateTime={date.toISOString()}>
      {date.getTimezoneOffset() === 0 ? `${utc} UTC` : `${here} (${utc} UTC)`}
    </time>
  );
}

export function count(number: number, lang: string): string {
  return new Intl.NumberFormat(lang).format(number);
}
