import { useEffect, useState } from 'preact/hooks';
import { getJson, problemText } from '../shell/api.ts';

export interface KeptAnswer<Answer> {
  /** The last one, also while another is on its way. */
  readonly answer: Answer | undefined;
  readonly problem: string | undefined;
  readonly isAsking: boolean;
}

/**
 * Asks again whenever the path changes, and keeps what is shown until the next answer is there: nothing jumps while
 * somebody types. With `againMs` it asks again and again, while that is not 0.
 */
export function useKeptAnswer<Answer>(
  path: string,
  againMs: (answer: Answer) => number = () => 0,
): KeptAnswer<Answer> {
  const [state, setState] = useState<KeptAnswer<Answer>>({
    answer: undefined,
    problem: undefined,
    isAsking: true,
  });
  useEffect(() => {
    const controller = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    let waitMs = 0;
    const ask = (): void => {
      getJson<Answer>(path, controller.signal).then(
        (answer) => {
          setState({ answer, problem: undefined, isAsking: false });
          waitMs = againMs(answer);
          if (waitMs > 0 && !controller.signal.aborted) timer = setTimeout(ask, waitMs);
        },
        (error: unknown) => {
          if (controller.signal.aborted) return;
          setState((before) => ({ ...before, problem: problemText(error), isAsking: false }));
          // What goes on does so without a server too, which may come back.
          if (waitMs > 0) timer = setTimeout(ask, waitMs);
        },
      );
    };
    setState((before) => ({ ...before, isAsking: true }));
    ask();
    return () => {
      controller.abort();
      clearTimeout(timer);
    };
  }, [path]);
  return state;
}
