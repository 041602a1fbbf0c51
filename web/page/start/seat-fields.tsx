import { useId } from 'preact/hooks';
import type { JSX } from 'preact';
import { languageName } from '../../../journal/render/sentences.ts';
import type { Seat } from '../../../wire/types.ts';
import type { ModelList, PersonaRow, ServiceRow } from '../../api.ts';
import { useJson } from '../shell/api.ts';
import type { SeatDraft } from './draft.ts';
import { PersonaEditor } from './persona-editor.tsx';

interface SeatFieldsProps {
  readonly seat: Seat;
  readonly draft: SeatDraft;
  readonly personas: readonly PersonaRow[];
  readonly services: readonly ServiceRow[];
  readonly onChange: (part: Partial<SeatDraft>) => void;
}

/** Who sits there, and who writes for them. */
export function SeatFields({ seat, draft, personas, services, onChange }: SeatFieldsProps): JSX.Element {
  const persona = personas.find(({ id }) => id === draft.persona);
  const service = services.find((one) => one.service === draft.service);
  return (
    <fieldset class={`card seat ${seat}`}>
      <legend class="unseen">Seat {seat.toUpperCase()}</legend>
      <label>
        <span>Persona of seat {seat.toUpperCase()}</span>
        <select
          value={draft.persona}
          onChange={(event) => onChange({ persona: event.currentTarget.value, text: undefined })}
        >
          {personas.map(({ id, name, lang }) => (
            <option key={id} value={id}>
              {name}
              {lang === undefined ? '' : ` (${languageName(lang)})`}
            </option>
          ))}
        </select>
      </label>
      {persona?.problem !== undefined ? <p class="soft">{persona.problem}</p> : null}
      {draft.persona === '' ? null : (
        <PersonaEditor
          key={draft.persona}
          id={draft.persona}
          text={draft.text}
          onChange={(text) => onChange({ text })}
        />
      )}
      <label>
        <span>Who writes</span>
        <select
          value={draft.service}
          onChange={(event) => onChange({ service: event.currentTarget.value, model: '' })}
        >
          <option value="">
            {persona?.service === undefined
              ? 'As the other one'
              : `As the persona has it: ${persona.service}`}
          </option>
          {services
            .filter(({ kind }) => kind !== 'settings')
            .map(({ service: name, usable }) => (
              <option key={name} value={name}>
                {name}
                {usable ? '' : ' (not ready)'}
              </option>
            ))}
        </select>
      </label>
      {service && !service.usable && service.problem !== undefined ? (
        <p class="soft">{service.problem}</p>
      ) : null}
      {service && (service.kind === 'hosted' || service.kind === 'local') ? (
        <ModelField service={service} model={draft.model} onChange={(model) => onChange({ model })} />
      ) : null}
    </fieldset>
  );
}

interface ModelFieldProps {
  readonly service: Pick<ServiceRow, 'service' | 'model' | 'usable'>;
  readonly model: string;
  readonly onChange: (model: string) => void;
}

/** A model by name; those that the provider has are offered. */
export function ModelField({ service, model, onChange }: ModelFieldProps): JSX.Element {
  const list = useId();
  const { answer, problem } = useJson<ModelList>(
    service.usable ? `/api/services/${encodeURIComponent(service.service)}/models` : '',
  );
  return (
    <label>
      <span>Model</span>
      <input
        list={list}
        value={model}
        placeholder={service.model ?? 'its name'}
        autoComplete="off"
        spellcheck={false}
        onInput={(event) => onChange(event.currentTarget.value)}
      />
      <datalist id={list}>
        {answer?.models.map((name) => (
          <option key={name} value={name} />
        ))}
      </datalist>
      {problem ? <small class="soft">{problem.message}</small> : null}
    </label>
  );
}
