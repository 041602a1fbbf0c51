import type { Persona } from '../../personas/persona.ts';
import { seats, type Seat } from '../../wire/types.ts';
import { modelServices, type StartRequest } from '../api.ts';
import { HttpError } from './http-error.ts';

/**
 * The words of `colloquy meet` that hold the meeting which a page has asked for. Programs, files and addresses stand in
 * settings files only: nobody names them from a page. Throws HttpError 400.
 */
export function meetArguments(
  request: StartRequest,
  {
    meeting,
    transcripts,
    personas,
  }: {
    readonly meeting: string;
    readonly transcripts: string;
    readonly personas: { readonly [seat in Seat]: Persona };
  },
): string[] {
  const { limits = {}, execution, translation, first, hello, seed, typingSpeed } = request;
  return [
    'meet',
    personas.a.file,
    personas.b.file,
    '--quiet',
    `--meet-as=${meeting}`,
    `--transcripts=${transcripts}`,
    ...seats.flatMap((seat) => serviceFlag(request, seat)),
    ...flag('max-messages', limits.maxMessages),
    ...flag('max-seconds', limits.maxSeconds),
    ...flag('max-tokens', limits.maxTokens),
    ...flag('max-cost', limits.maxCost),
    ...flag('idle-seconds', limits.idleSeconds),
    ...(execution ? executionFlags(execution) : []),
    ...(translation ? translationFlags(translation) : []),
    ...flag('first', first),
    ...flag('hello', hello),
    ...flag('seed', seed),
    ...flag('typing-speed', typingSpeed),
  ];
}

function serviceFlag({ seats: asked }: StartRequest, seat: Seat): string[] {
  const { service, model } = asked[seat];
  if (model !== undefined && !modelServices.some((known) => known === service)) {
    throw new HttpError(
      400,
      'bad-request',
      `seats.${seat}.model: a model goes with one of ${modelServices.join(', ')}; what else ${service ?? 'a service'} needs stands in its settings file`,
    );
  }
  return service === undefined ? [] : [`--${seat}=${service}${model === undefined ? '' : `:${model}`}`];
}

function executionFlags(execution: NonNullable<StartRequest['execution']>): string[] {
  return [
    '--execute',
    ...flag('execute-seats', execution.seats),
    ...flag('blocks', execution.blocks),
    ...flag('passes', execution.passes),
    ...flag('tier', execution.tier),
    // There is no terminal.
    ...(execution.approve ? ['--approve', '--approver=moderator'] : []),
  ];
}

function translationFlags({ service, model }: NonNullable<StartRequest['translation']>): string[] {
  if (model !== undefined && service === undefined) {
    throw new HttpError(400, 'bad-request', 'translation.model: say of which service');
  }
  if (service === undefined) return ['--translate'];
  return ['--translate', `--translator=${service}${model === undefined ? '' : `:${model}`}`];
}

function flag(name: string, value: string | number | undefined): string[] {
  return value === undefined ? [] : [`--${name}=${value}`];
}
