import { useState } from 'preact/hooks';
import type { ComponentChildren, JSX } from 'preact';
import { problemText } from './api.ts';

interface ActionProps {
  readonly children: ComponentChildren;
  /** Rejects with an error whose sentence is shown beside the button. */
  readonly run: () => Promise<unknown> | void;
  /** Why it cannot be used now; empty where it can. Said when it is pressed all the same, which a title is not on a phone. */
  readonly why?: string | undefined;
  readonly look?: 'strong' | 'quiet' | 'danger' | undefined;
  readonly isPressed?: boolean | undefined;
  readonly onProblem: (text: string) => void;
}

/** A button that asks something of the server. */
export function Action({ children, run, why = '', look, isPressed, onProblem }: ActionProps): JSX.Element {
  const [isBusy, setBusy] = useState(false);
  const press = async (): Promise<void> => {
    if (isBusy) return;
    if (why !== '') return onProblem(why);
    onProblem('');
    setBusy(true);
    try {
      await run();
    } catch (error) {
      onProblem(problemText(error));
    } finally {
      setBusy(false);
    }
  };
  return (
    <button
      type="button"
      class={look}
      aria-disabled={why !== '' || isBusy ? 'true' : undefined}
      aria-pressed={isPressed}
      title={why === '' ? undefined : why}
      onClick={() => void press()}
    >
      {children}
    </button>
  );
}
