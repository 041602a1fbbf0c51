import type { ComponentChildren, JSX } from 'preact';

/** A failure, where it happened, in the server's words. */
export function Problem({ text }: { readonly text: string }): JSX.Element {
  return (
    <p class="problem" role="alert">
      {asSentence(text)}
    </p>
  );
}

/** Nothing is there, and what to do about it. */
export function Empty({
  title,
  children,
}: {
  readonly title: string;
  readonly children?: ComponentChildren;
}): JSX.Element {
  return (
    <section class="empty">
      <h2>{title}</h2>
      {children}
    </section>
  );
}

/** What an error says, written as a sentence. */
export function asSentence(text: string): string {
  const words = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?…”)]$/.test(words) ? words : `${words}.`;
}
