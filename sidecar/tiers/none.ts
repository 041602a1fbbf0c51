import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { packageRoot } from '../../config/paths.ts';
import type { Tier } from './tier.ts';

/**
 * No isolation at all: code runs as whoever runs the sidecar, and can do whatever that one can. Only for
 * a machine that is itself a sandbox, and only where a settings file says so in as many words.
 */
export function createOpenTier({ python }: { readonly python: string }): Tier {
  return {
    name: 'none-i-accept-the-risk',
    languages: ['python', 'bash'],
    keepsSpare: false,
    describe: () => Promise.resolve(`${python}, not isolated from anything`),
    prepare: () => Promise.resolve(undefined),
    launch(limits) {
      const workspace = mkdtempSync(path.join(tmpdir(), 'colloquy-workspace-'));
      const { memoryMiB, openFiles, cpuSeconds, diskMiB } = limits;
      // Processes are counted per user, and this user has others.
      const given = JSON.stringify({ memoryMiB, openFiles, cpuSeconds, diskMiB });
      return {
        file: python,
        args: ['-I', '-B', path.join(packageRoot, 'sidecar', 'driver.py'), given],
        env: {
          HOME: workspace,
          PATH: process.env['PATH'] ?? '/usr/bin:/bin',
          LANG: 'C.UTF-8',
          MPLBACKEND: 'Agg',
        },
        cwd: workspace,
        onEnded: () => rmSync(workspace, { recursive: true, force: true }),
      };
    },
  };
}
