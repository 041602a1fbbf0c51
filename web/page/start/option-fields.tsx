import type { JSX } from 'preact';
import type { ServiceRow } from '../../api.ts';
import type { Draft } from './draft.ts';
import { ModelField } from './seat-fields.tsx';

interface OptionFieldsProps {
  readonly draft: Draft;
  readonly services: readonly ServiceRow[];
  readonly onChange: (part: Partial<Draft>) => void;
}

const limits = [
  { name: 'maxMessages', label: 'Turns at most' },
  { name: 'maxSeconds', label: 'Seconds at most' },
  { name: 'maxTokens', label: 'Tokens at most' },
  { name: 'maxCost', label: 'US dollars at most' },
  { name: 'idleSeconds', label: 'Seconds of silence at most' },
] as const;

/** The terms of a meeting. */
export function OptionFields({ draft, services, onChange }: OptionFieldsProps): JSX.Element {
  return (
    <>
      <fieldset class="terms">
        <legend>Limits</legend>
        <div class="fields">
          {limits.map(({ name, label }) => (
            <label key={name}>
              <span>{label}</span>
              <input
                inputMode="decimal"
                placeholder="none"
                value={draft[name]}
                onInput={(event) => onChange({ [name]: event.currentTarget.value })}
              />
            </label>
          ))}
        </div>
      </fieldset>
      <fieldset class="terms">
        <legend>Code</legend>
        <Check
          isChecked={draft.executes}
          label="Run the code they write, in the sandbox"
          onChange={(executes) => onChange({ executes })}
        />
        {draft.executes ? (
          <>
            <div class="fields">
              <label>
                <span>Whose</span>
                <select
                  value={draft.executeSeats}
                  onChange={(event) =>
                    onChange({ executeSeats: event.currentTarget.value as Draft['executeSeats'] })
                  }
                >
                  <option value="both">of both</option>
                  <option value="a">of seat A</option>
                  <option value="b">of seat B</option>
                </select>
              </label>
              <label>
                <span>End after passed tests</span>
                <input
                  inputMode="numeric"
                  placeholder="as configured"
                  value={draft.passes}
                  onInput={(event) => onChange({ passes: event.currentTarget.value })}
                />
              </label>
            </div>
            <Check
              isChecked={draft.approves}
              label="Ask me before each block"
              onChange={(approves) => onChange({ approves })}
            />
          </>
        ) : null}
      </fieldset>
      <fieldset class="terms">
        <legend>Languages</legend>
        <Check
          isChecked={draft.translates}
          label="Translate, so that each hears the other in its own language"
          onChange={(translates) => onChange({ translates })}
        />
        {draft.translates ? <TranslatorFields draft={draft} services={services} onChange={onChange} /> : null}
      </fieldset>
      <details>
        <summary>How it begins</summary>
        <div class="fields">
          <label>
            <span>Who begins</span>
            <select
              value={draft.first}
              onChange={(event) => onChange({ first: event.currentTarget.value as Draft['first'] })}
            >
              <option value="random">either</option>
              <option value="a">seat A</option>
              <option value="b">seat B</option>
            </select>
          </label>
          <label>
            <span>What the one who begins is told</span>
            <input
              value={draft.hello}
              placeholder="as configured"
              maxLength={2_000}
              onInput={(event) => onChange({ hello: event.currentTarget.value })}
            />
          </label>
        </div>
      </details>
    </>
  );
}

function TranslatorFields({ draft, services, onChange }: OptionFieldsProps): JSX.Element {
  const able = services.filter(({ kind }) => kind === 'hosted' || kind === 'local');
  const chosen = able.find(({ service }) => service === draft.translator);
  return (
    <div class="fields">
      <label>
        <span>By whom</span>
        <select
          value={draft.translator}
          onChange={(event) => onChange({ translator: event.currentTarget.value, translatorModel: '' })}
        >
          <option value="">as configured</option>
          {able.map(({ service, usable }) => (
            <option key={service} value={service}>
              {service}
              {usable ? '' : ' (not ready)'}
            </option>
          ))}
        </select>
      </label>
      {chosen ? (
        <ModelField
          service={chosen}
          model={draft.translatorModel}
          onChange={(translatorModel) => onChange({ translatorModel })}
        />
      ) : null}
    </div>
  );
}

interface CheckProps {
  readonly isChecked: boolean;
  readonly label: string;
  readonly onChange: (isChecked: boolean) => void;
}

function Check({ isChecked, label, onChange }: CheckProps): JSX.Element {
  return (
    <label class="check">
      <input
        type="checkbox"
        checked={isChecked}
        onChange={(event) => onChange(event.currentTarget.checked)}
      />
      <span>{label}</span>
    </label>
  );
}
