import pc from 'picocolors';
import type { CodingEvent, SampleReport, Trial } from '../coder/events.ts';
import { visibleControls, visibleLine } from '../journal/render/visible-controls.ts';

/** What a program prints while it runs is shown up to here; all of it, head and tail, is in the run's folder. */
const mostOutputCharacters = 20_000;

/**
 * Tells how a coding task goes, a line for each thing that happens; with `verbose` the words of models and
 * programs as they come. Of several replies that are written at the same time, the first is shown as it is written.
 */
export function createCodingProgress(
  stream: NodeJS.WriteStream,
  { verbose }: { readonly verbose: boolean },
): (event: CodingEvent) => void {
  let isOpen = false;
  let speaking: string | undefined;
  let shownOutput = 0;
  const line = (text: string): void => {
    if (isOpen) stream.write('\n');
    isOpen = false;
    stream.write(`${text}\n`);
  };
  const stretch = (text: string): void => {
    if (text === '') return;
    const shown = visibleControls(text);
    stream.write(shown);
    isOpen = !shown.endsWith('\n');
  };
  return (event) => {
    switch (event.type) {
      case 'started':
        line(pc.dim(`${event.isResumed ? 'Going on with' : 'Run:'} ${visibleLine(event.folder)}`));
        return;
      case 'notice':
        return line(`${pc.yellow('!')} ${cut(event.text)}`);
      case 'phase':
        shownOutput = 0;
        return line(
          pc.bold(
            phaseNames[event.phase] + (event.attempt === undefined ? '' : `, attempt ${event.attempt}`),
          ),
        );
      case 'text':
        if (!verbose) return;
        if (speaking === undefined) {
          speaking = event.id;
          line(pc.dim(`  ${event.id}:`));
        }
        return speaking === event.id ? stretch(event.text) : undefined;
      case 'restart':
        return verbose && speaking === event.id ? line(pc.dim(`  ${event.id} is written anew`)) : undefined;
      case 'status':
        return line(`  ${event.id}: ${cut(event.text)}`);
      case 'answered': {
        if (speaking === event.id) speaking = undefined;
        const how = event.isKept ? 'kept' : `${(event.ms / 1_000).toFixed(1)} s`;
        return line(pc.dim(`  ${event.id} ${how}`));
      }
      case 'planned':
        return line(`${pc.green('✓')} ${cut(event.plan)}`);
      case 'dependencies':
        return line(`${pc.green('✓')} packages: ${cut(event.packages.join(', ') || 'none')}`);
      case 'output': {
        if (!verbose || shownOutput > mostOutputCharacters) return;
        stretch(event.text.slice(0, mostOutputCharacters));
        shownOutput += event.text.length;
        if (shownOutput > mostOutputCharacters) line(pc.dim('  … there is more, which is not shown'));
        return;
      }
      case 'installation':
        return line(installationLine(event));
      case 'sample':
        return line(sampleLine(event));
      case 'ran':
        return line(trialLine(event.trial, event.sample));
      case 'finished':
        return;
    }
  };
}

const phaseNames = {
  plan: 'Plan',
  dependencies: 'Packages',
  install: 'Installation',
  code: 'Code',
  mend: 'Mending',
  run: 'Run',
} as const;

function installationLine(event: Extract<CodingEvent, { type: 'installation' }>): string {
  if (event.outcome !== 'installed') return `${pc.red('✗')} ${cut(event.why)}`;
  const names = event.packages.map(({ name, version }) => `${name} ${version}`).join(', ');
  return `${pc.green('✓')} installed: ${cut(names || 'nothing')}`;
}

function sampleLine({ sample, score, temperature, findings, problem }: SampleReport): string {
  const facts = [
    ...(score === undefined ? [] : [`${score.toFixed(2)} of 10`]),
    ...(temperature === undefined ? [] : [`temperature ${temperature}`]),
    ...(findings.length > 0 ? [`${findings.length} ${findings.length === 1 ? 'finding' : 'findings'}`] : []),
  ];
  const mark = problem === undefined ? pc.green('✓') : pc.red('✗');
  return `${mark} sample ${sample} ${pc.dim(facts.join(', '))}${problem === undefined ? '' : `${facts.length > 0 ? '; ' : ''}${cut(problem)}`}`;
}

function trialLine({ passed, summary }: Trial, sample: number): string {
  return `${passed ? pc.green('✓') : pc.red('✗')} sample ${sample}: ${cut(summary)}`;
}

/** One line of a terminal or two, whatever a model made of it. */
function cut(text: string): string {
  const shown = visibleLine(text);
  return shown.length > 240 ? `${shown.slice(0, 240)}…` : shown;
}
