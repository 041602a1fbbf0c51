import { useEffect, useRef, useState } from 'preact/hooks';
import type { JSX } from 'preact';
import type { MeetingDetail } from '../../api.ts';
import { problemText } from '../shell/api.ts';
import { useShortcut } from '../shell/shortcuts.tsx';
import type { Reader } from '../speech/reader.ts';
import type { Watched } from './watch.ts';

interface ReadAloudProps {
  readonly detail: MeetingDetail;
  readonly watched: Watched;
  readonly onProblem: (text: string) => void;
}

/** Reads the conversation with the browser's voices, from the first turn on the screen, and goes on with what comes. */
export function ReadAloud({ detail, watched, onProblem }: ReadAloudProps): JSX.Element {
  const reader = useRef<Reader | undefined>(undefined);
  const [isReading, setReading] = useState(false);
  const stop = (): void => {
    reader.current?.stop();
    reader.current = undefined;
    setReading(false);
  };
  useEffect(() => stop, [watched]);
  const start = async (): Promise<void> => {
    onProblem('');
    setReading(true);
    try {
      const { Reader } = await import('../speech/reader.ts');
      reader.current = await Reader.start(watched.model, detail.seats, stop);
    } catch (error) {
      setReading(false);
      onProblem(problemText(error));
    }
  };
  const press = (): void => (isReading ? stop() : void start());
  useShortcut('r', 'read aloud, or stop', press);
  return (
    <button type="button" aria-pressed={isReading} onClick={press}>
      {isReading ? 'Stop reading' : 'Read aloud'}
    </button>
  );
}
