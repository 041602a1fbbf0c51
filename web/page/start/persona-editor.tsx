import { useEffect, useState } from 'preact/hooks';
import type { JSX } from 'preact';
import { visibleControls } from '../../../journal/render/visible-controls.ts';
import type { PersonaDetail, PersonaPreview } from '../../api.ts';
import { postJson, problemText, useJson } from '../shell/api.ts';
import { Problem } from '../shell/problem.tsx';

interface PersonaEditorProps {
  readonly id: string;
  /** Undefined: as in its file. */
  readonly text: string | undefined;
  readonly onChange: (text: string | undefined) => void;
}

/** Longer than between two keys of who types. Milliseconds. */
const pauseMs = 500;

/** A persona before the meeting: what its author wrote, to be changed for this once, and what the model is told. */
export function PersonaEditor({ id, text, onChange }: PersonaEditorProps): JSX.Element {
  const [isOpen, setOpen] = useState(false);
  const { answer, problem } = useJson<PersonaDetail>(`/api/personas/${encodeURIComponent(id)}`);
  const preview = usePreview(id, text);
  return (
    <details open={isOpen} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>{text === undefined ? 'Look at it, or change it' : 'Changed for this meeting'}</summary>
      {problem ? <Problem text={problem.message} /> : null}
      {answer && isOpen ? (
        <>
          <label>
            <span>What its author wrote</span>
            <textarea
              class="code"
              rows={12}
              value={text ?? answer.text}
              spellcheck={false}
              onInput={(event) => {
                const { value } = event.currentTarget;
                onChange(value === answer.text ? undefined : value);
              }}
            />
          </label>
          {text === undefined ? null : (
            <p class="row">
              <button type="button" onClick={() => onChange(undefined)}>
                As it was
              </button>
            </p>
          )}
          {preview.failure === '' ? null : <Problem text={preview.failure} />}
          {preview.answer?.problems.map(({ where, message }) => (
            <p class="problem" key={`${where} ${message}`}>
              {where === '' ? '' : `${where}: `}
              {message}
            </p>
          ))}
          <details>
            <summary>What the model is told</summary>
            <pre class="system" tabIndex={0} role="region" aria-label="What the model is told" dir="auto">
              {visibleControls(preview.answer?.persona?.system ?? answer.system)}
            </pre>
          </details>
        </>
      ) : null}
    </details>
  );
}

/** What the server makes of an edited text, once its author stops for a moment. */
function usePreview(
  id: string,
  text: string | undefined,
): { readonly answer?: PersonaPreview; readonly failure: string } {
  const [preview, setPreview] = useState<{ readonly answer?: PersonaPreview; readonly failure: string }>({
    failure: '',
  });
  useEffect(() => {
    if (text === undefined) return setPreview({ failure: '' });
    let isCurrent = true;
    const timer = setTimeout(() => {
      postJson<PersonaPreview>('/api/personas/preview', { id, text }).then(
        (answer) => isCurrent && setPreview({ answer, failure: '' }),
        (error: unknown) => isCurrent && setPreview({ failure: problemText(error) }),
      );
    }, pauseMs);
    return () => {
      isCurrent = false;
      clearTimeout(timer);
    };
  }, [id, text]);
  return preview;
}
