import { expect, it } from 'vitest';
import { startTelemetry, telemetry } from '../../../telemetry/telemetry.ts';

it.each([
  ['no endpoint is named', {}],
  ['the endpoint is empty', { OTEL_EXPORTER_OTLP_ENDPOINT: ' ' }],
  [
    'the SDK is switched off',
    { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:4318', OTEL_SDK_DISABLED: 'True' },
  ],
])('nothing is measured where %s', async (_, env) => {
  const problems: string[] = [];
  await startTelemetry({ service: 'test', version: '0', onProblem: (text) => problems.push(text), env });
  expect(telemetry()).toBeUndefined();
  expect(problems).toEqual([]);
});

it('nothing is measured where the endpoint is none, and that is said once, without its password', async () => {
  const problems: string[] = [];
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: 'ftp://ada:secret@127.0.0.1' };
  await startTelemetry({ service: 'test', version: '0', onProblem: (text) => problems.push(text), env });
  expect(telemetry()).toBeUndefined();
  expect(problems).toHaveLength(1);
  expect(problems[0]).toMatch(/no address of a collector/);
  expect(problems[0]).not.toContain('secret');
});
