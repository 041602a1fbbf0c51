import pc from 'picocolors';
import { visibleControls } from '../journal/render/visible-controls.ts';
import { probeGroups } from '../sidecar/probes/probe.ts';
import type { ProbeResult } from '../sidecar/probes.ts';
import type { TierName } from '../sidecar/tiers/tier.ts';
import type { TierReport } from './commands/doctor.ts';

export interface DoctorPrinter {
  begin(tier: TierName): void;
  /** One attack is over. */
  readonly probe: (result: ProbeResult) => void;
  tier(report: TierReport): void;
  end(chosen: TierName | undefined): void;
}

/** Prints what the doctor finds: a line for each group of attacks, and one for whatever did not hold. */
export function createDoctorPrinter(stream: NodeJS.WriteStream): DoctorPrinter {
  const colors = pc.createColors(stream.isTTY === true && pc.isColorSupported);
  const [good, bad] = [colors.green('✓'), colors.red('✗')];
  let done = 0;
  const clearLine = (): void => void (stream.isTTY && stream.write('\r\u001b[K'));

  return {
    begin(tier) {
      done = 0;
      if (stream.isTTY) stream.write(colors.dim(`${tier}: looking`));
    },
    probe({ probe }) {
      done++;
      if (!stream.isTTY) return;
      clearLine();
      stream.write(
        colors.dim(
          `${done} attacks so far; the last was code that ${probe.description}`.slice(
            0,
            (stream.columns || 80) - 1,
          ),
        ),
      );
    },
    tier({ tier, description, problem, probes }) {
      clearLine();
      // What is not there is no fault; what is there and does not hold is one.
      const isSound =
        problem === undefined && probes.every(({ status }) => status === 'held' || status === 'known');
      const mark = isSound ? good : description === undefined ? colors.dim('–') : bad;
      const what = [description, problem].filter((part) => part !== undefined).join('; ');
      stream.write(`${mark} ${colors.bold(tier)}  ${visibleControls(what)}\n`);
      for (const group of probeGroups) {
        const own = probes.filter(({ probe }) => probe.group === group);
        if (own.length === 0) continue;
        const failed = own.filter(({ status }) => status === 'broken' || status === 'unexpected');
        const held = own.length - failed.length;
        stream.write(
          `    ${failed.length === 0 ? good : bad} ${group.padEnd(18)} ${held} of ${own.length} withstood\n`,
        );
        for (const { probe, status, detail } of own) {
          if (status === 'held') continue;
          const remark =
            status === 'known' ? `known: ${probe.knownWeakness ?? ''}` : visibleControls(shorten(detail));
          stream.write(
            `      ${status === 'known' ? colors.yellow('!') : bad} code that ${probe.description}: ${remark}\n`,
          );
        }
      }
      stream.write('\n');
    },
    end(chosen) {
      stream.write(
        chosen === undefined
          ? 'No sandbox that the settings allow withstood everything on this machine.\n'
          : `Code is run with ${chosen}, unless the settings say otherwise.\n`,
      );
    },
  };
}

function shorten(text: string): string {
  return text.length > 300 ? `${text.slice(0, 300)}…` : text;
}
