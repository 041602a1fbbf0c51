import { Supervisor } from './supervisor.ts';

/**
 * Serves the page in a process of its own, so that whoever looks at it takes no time from the relay. It ends with this
 * process, however that ends.
 */
export function startWebProcess(
  { transcripts, port }: { readonly transcripts: string; readonly port?: number | undefined },
  log: { info(data: object, message: string): void; warn(data: object, message: string): void },
): { end(): void } {
  const supervisor = new Supervisor(process.env);
  const args = [
    'web',
    '--quiet',
    `--transcripts=${transcripts}`,
    ...(port === undefined ? [] : [`--port=${port}`]),
  ];
  const ended = supervisor.start('web', args, {
    onMessage: (message) => {
      if (message.type === 'page') log.info({}, `the page is at ${message.address}`);
    },
  });
  let isEnding = false;
  void ended.then(({ reason, code, signal }) => {
    if (isEnding) return;
    log.warn({}, `the page is gone: ${reason ?? signal ?? `it left with code ${code}`}; the meetings go on`);
  });
  return {
    end() {
      isEnding = true;
      supervisor.endAll();
    },
  };
}
