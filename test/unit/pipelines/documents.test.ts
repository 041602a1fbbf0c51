import { expect, test } from 'vitest';
import { toMermaid } from '../../../pipelines/mermaid.ts';
import { drawPipeline } from '../../../pipelines/picture.ts';
import type { Step } from '../../../pipelines/pipeline.ts';
import { renderPrompts } from '../../../pipelines/prompts-document.ts';
import { renderReport } from '../../../pipelines/report.ts';
import { describeSpending, readRunView, type RunView } from '../../../pipelines/run-view.ts';
import { pipelineBench } from '../../support/pipeline-bench.ts';

const hostile = `# Title

<script>alert(1)</script><img src=x onerror=alert(2)>
[a](javascript:alert(3)) \u001b[31m \u202e

\`\`\`\`
</pre></details><style>*{display:none}</style>
\`\`\`\`
`;
const prices = new Map([['scripted', new Map([['m', { input: 1_000, output: 10_000 }]])]]);

async function hostileRun(): Promise<RunView> {
  const yaml = `- {module: ask, output_name: one, supplement: '<script>alert(4)</script>'}
- {module: ask, inputs: [one], output_name: two}
- {module: ask, inputs: [one], output_name: three, when: {output: one, matches: zebra}}
- {module: ask, inputs: [two], output_name: four}
`;
  const { run, folder, pipeline } = await pipelineBench(yaml, (text) => {
    if (text.startsWith('# Title')) throw new Error('<script>alert(5)</script> \u001b[2J');
    return hostile;
  });
  await run();
  folder.writeRun({ ...folder.readRun(), endedAt: '2026-11-21T12:00:09.000Z', outcome: 'failed', ms: 9_000 });
  return readRunView(folder, pipeline.steps, { prices, isRunning: false });
}

test('the report of a run shows all of it, and nothing in it can run', async () => {
  const view = await hostileRun();
  const html = renderReport(view);
  expect(view.steps.map(({ state }) => state)).toEqual(['done', 'failed', 'skipped', 'blocked']);
  for (const text of [
    'One step failed.',
    '1 of 4 steps done',
    '9 s at work',
    '$0.0200',
    'one does not match zebra',
  ])
    expect(html).toContain(text);
  expect(html).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
  expect(html).not.toMatch(/<script|<img|href="?javascript|\u001b|\u202e/i);
  expect(html.match(/<style>/g)).toHaveLength(1);
  expect(html).toMatch(/Content-Security-Policy" content="default-src 'none'; style-src 'sha256-/);
  // Every element that is opened is closed: what a model wrote ended none.
  for (const tag of ['details', 'pre', 'section', 'div', 'svg'])
    expect(html.match(new RegExp(`<${tag}[ >]`, 'g'))?.length).toBe(
      html.match(new RegExp(`</${tag}>`, 'g'))?.length,
    );
});

test('all that was asked is a document whose fences nothing can end', async () => {
  const markdown = renderPrompts(await hostileRun());
  expect(markdown).toContain('2 questions to models');
  expect(markdown).toMatch(/## 1\. one\n\nscripted m · 2\S+ · attempt 1 · 10 tokens in, 1 out/);
  expect(markdown).toContain('## 2. two');
  expect(markdown).toContain('`````text\n# Title');
  expect(markdown).toContain('failed: ');
  expect(markdown).not.toMatch(/[\u001b\u202e]/);
});

test('what a run has cost is said as far as prices are known', async () => {
  const { spending } = await hostileRun();
  expect(describeSpending(spending)).toBe('10 tokens read, 1 written, $0.0200');
  const unknown = { usage: { input: 5, output: 1, cached: 2 }, cost: 0, isCostPartial: true };
  expect(describeSpending(unknown)).toBe('5 tokens read (2 from cache), 1 written, cost unknown');
  expect(describeSpending({ cost: 0, isCostPartial: false })).toBe('');
});

const steps: Pick<Step, 'module' | 'inputs' | 'output_name' | 'when'>[] = [
  { module: 'start_module', inputs: [], output_name: 'end' },
  {
    module: 'ask',
    inputs: ['end'],
    output_name: 'two',
    when: { output: 'end', matches: '"]; click s0 <b>&`#' },
  },
];

test('Mermaid gets no character that could mean something to it', () => {
  expect(toMermaid(steps)).toBe(`flowchart TD
  s0["end<br/><i>start_module</i>"]
  s1["two<br/><i>ask</i>"]
  s0 -->|"if it matches #34;#93;#59; click s0 #60;b#62;#38;#96;#35;"| s1
`);
});

test('a picture has its steps below what they need, with states, and escapes what stands in it', () => {
  const states = new Map([['two', { state: 'failed' as const, note: '<script>' }]]);
  const svg = drawPipeline(steps, {
    title: '<b>"',
    states,
    linkOf: (name) => `#step-${name}`,
    isAlone: true,
  });
  expect(svg).toContain('aria-label="&lt;b&gt;&quot;"');
  expect(svg).toContain('<a href="#step-two"><g class="box failed">');
  expect(svg).toContain('✗ two');
  expect(svg).toContain('&lt;script&gt;');
  expect(svg).not.toMatch(/<script|style=/);
  const heights = [...svg.matchAll(/class="name" x="[\d.]+" y="([\d.]+)"/g)].map(([, y]) => Number(y));
  expect(heights).toHaveLength(2);
  expect(heights[1]).toBeGreaterThan((heights[0] ?? 0) + 60);
});
