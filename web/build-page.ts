import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import * as esbuild from 'esbuild';

/** The package's own folder, seen from `dist/web/`. */
const root = fileURLToPath(new URL('../../', import.meta.url));
const source = path.join(root, 'web', 'page');
const target = path.join(root, 'dist', 'web', 'page');

/**
 * Bundles the page into `dist/web/page`, as `npm run build` does. With `--watch` it goes on doing so, readable and
 * with source maps, which the page that is installed has none of: they would weigh more than all of it.
 */
async function buildPage(isWatching: boolean): Promise<void> {
  await rm(target, { recursive: true, force: true });
  await mkdir(target, { recursive: true });
  for (const file of ['index.html', 'favicon.svg'])
    await cp(path.join(source, file), path.join(target, file));
  const options = {
    entryPoints: [
      { in: path.join(source, 'main.tsx'), out: 'app' },
      { in: path.join(source, 'style', 'app.css'), out: 'app' },
    ],
    outdir: target,
    bundle: true,
    splitting: true,
    format: 'esm',
    target: 'es2022',
    jsx: 'automatic',
    jsxImportSource: 'preact',
    chunkNames: 'chunks/[name]-[hash]',
    legalComments: 'linked',
    metafile: true,
    minify: !isWatching,
    sourcemap: isWatching ? 'inline' : false,
    logLevel: 'warning',
    plugins: [withoutNode],
  } satisfies esbuild.BuildOptions;
  if (isWatching) return (await esbuild.context(options)).watch();
  const { metafile } = await esbuild.build(options);
  refuseNode(metafile);
  await writeHints(metafile);
}

/**
 * Names in the page what it is about to need, so that a browser asks for all of it at once: otherwise it finds one
 * file after the other. The page of a meeting, which most visits go to, is one of its own.
 */
async function writeHints({ outputs }: esbuild.Metafile): Promise<void> {
  const html = await readFile(path.join(source, 'index.html'), 'utf8');
  const pathOf = (end: string): string => {
    const found = Object.keys(outputs).find((output) => outputs[output]?.entryPoint?.endsWith(end));
    if (found === undefined) throw new Error(`nothing was made of ${end}`);
    return found;
  };
  const neededBy = (output: string, found = new Set<string>()): Set<string> => {
    if (found.has(output)) return found;
    found.add(output);
    for (const { path: next, kind } of outputs[output]?.imports ?? [])
      if (kind === 'import-statement') neededBy(next, found);
    return found;
  };
  const app = pathOf('main.tsx');
  const shell = neededBy(app);
  const meeting = neededBy(pathOf('meeting-page.tsx'), new Set(shell));
  for (const [file, needed] of [
    ['index.html', shell],
    ['meeting.html', meeting],
  ] as const) {
    const hints = [...needed]
      .filter((output) => output !== app)
      // What takes longest first.
      .sort((one, other) => (outputs[other]?.bytes ?? 0) - (outputs[one]?.bytes ?? 0))
      .map((output) => {
        const address = path.relative(target, path.resolve(root, output)).split(path.sep).join('/');
        return `    <link rel="modulepreload" href="/${address}" />\n`;
      });
    await writeFile(path.join(target, file), html.replace('  </head>', `${hints.join('')}  </head>`));
  }
}

/**
 * Some files of the journal that the page uses have functions beside them that read files. The bundler drops those
 * functions, and with them these empty stand-ins; postcss is what sanitize-html checks styles with, and none pass here.
 */
const withoutNode: esbuild.Plugin = {
  name: 'without-node',
  setup(build) {
    build.onResolve({ filter: /^node:|^postcss$/ }, ({ path: name }) => ({
      path: name,
      namespace: 'absent',
      sideEffects: false,
    }));
    build.onLoad({ filter: /.*/, namespace: 'absent' }, () => ({ contents: 'module.exports = {};' }));
  },
};

/** Throws where a function of Node's is left in the page. */
function refuseNode({ outputs }: esbuild.Metafile): void {
  for (const [output, { inputs }] of Object.entries(outputs)) {
    const left = Object.keys(inputs).filter((input) => input.startsWith('absent:node:'));
    if (left.length > 0) throw new Error(`${output} needs ${left.join(', ')}, which no browser has`);
  }
}

await buildPage(process.argv.includes('--watch'));
