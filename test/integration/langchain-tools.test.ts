import { describe, expect, it } from 'vitest';
import { CodeEditor } from '../../coder/code-editor.ts';
import { codeEditorTools, codingTaskTool } from '../../library/langchain.ts';
import type { CodingResult } from '../../coder/events.ts';
import { runScriptedAgent } from '../support/langchain-agent.ts';
import { startModelServer } from '../support/model-server.ts';
import { testProject } from '../support/project.ts';
import { temporaryFolder } from '../support/temporary.ts';

describe('codeEditorTools', () => {
  it('let an agent write a program, run it, see what went wrong and mend it', async () => {
    const editor = new CodeEditor();
    const project = await testProject();
    const answers = await runScriptedAgent(codeEditorTools(editor, { project, seconds: 10 }), [
      {
        name: 'write_code',
        args: { source: 'import math\ntotal = sum(rnge(5))\nprint("total", totl)\n' },
      },
      { name: 'lint_code', args: {} },
      { name: 'run_code', args: {} },
      { name: 'change_lines', args: { first: 2, last: 2, text: 'total = sum(range(5))' } },
      { name: 'run_code', args: {} },
      { name: 'change_lines', args: { first: 4, last: 4, text: 'print("total", total)' } },
      { name: 'show_code', args: { first: 3 } },
      { name: 'change_lines', args: { first: 3, last: 3, text: 'print("total", total)' } },
      { name: 'delete_lines', args: { first: 1, last: 1 } },
      { name: 'add_lines', args: { text: '# the sum of the first five', before: 1 } },
      { name: 'run_code', args: {} },
      { name: 'undo', args: {} },
      { name: 'redo', args: {} },
      { name: 'redo', args: {} },
    ]).then((messages) => messages.map(({ text }) => text));
    expect(answers[0]).toBe('1 | import math\n2 | total = sum(rnge(5))\n3 | print("total", totl)\n');
    expect(answers[1]).toMatch(
      /line 2:13 F821 Undefined name `rnge`\n.*totl.*\n.*F401.*`math`.*\nScore: 0 of 10$/s,
    );
    expect(answers[2]).toMatch(
      /^The program ended with exit code 1\. It printed:\n.*NameError: name 'rnge'/s,
    );
    expect(answers[4]).toMatch(/NameError: name 'totl'/);
    expect(answers[5]).toBe('Not done: line 4 does not exist: there are lines 1 to 3.');
    expect(answers[6]).toBe('3 | print("total", totl)\n');
    expect(answers[10]).toBe('The program ended with exit code 0. It printed:\ntotal 10');
    expect(answers[11]).toBe('1 | total = sum(range(5))\n2 | print("total", total)\n');
    expect(answers[13]).toBe('There is nothing to redo.');
    expect(editor.source).toBe('# the sum of the first five\ntotal = sum(range(5))\nprint("total", total)\n');
  });

  it('have names of their own where an agent has several editors', () => {
    const names = codeEditorTools(new CodeEditor(), { prefix: 'main_' }).map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(['main_write_code', 'main_run_code']));
  });
});

describe('codingTaskTool', () => {
  const toolOf = (origin: string, cwd: string, types: string[] = []) =>
    codingTaskTool({
      service: 'openai:m',
      serviceSettings: { base_url: `${origin}/v1`, api_key: 'k', max_retries: 0 },
      settings: { coding_samples: 1, install_dependencies: false },
      cwd,
      openProject: () => testProject(),
      onEvent: ({ type }) => void types.push(type),
    });

  it('has a task done for an agent, which is told the program and what it printed', async () => {
    const server = await startModelServer('openai', [
      { type: 'reply', pieces: ['1. Say it.'] },
      { type: 'reply', pieces: ['```python\ndef hello():\n    return "hello"\n\nprint(hello())\n```'] },
    ]);
    const types: string[] = [];
    const [answer] = await runScriptedAgent(
      [toolOf(server.origin, await temporaryFolder(), types)],
      [{ name: 'solve_coding_task', args: { task: 'Say hello.', tests: 'assert hello() == "hello"' } }],
    );
    expect(answer?.text).toMatch(/The program:\ndef hello\(\):.*What it printed:\nhello$/s);
    expect(answer?.artifact as CodingResult).toMatchObject({ outcome: 'solved', attempts: 1 });
    expect(types.at(-1)).toBe('finished');
  });

  it('rejects where the task cannot be begun', async () => {
    const server = await startModelServer('openai', [{ type: 'refuse', status: 401, message: 'no' }]);
    const asked = toolOf(server.origin, await temporaryFolder()).invoke({ task: 'Say hello.' });
    await expect(asked).rejects.toMatchObject({ code: 'wrong-key' });
    await expect(codingTaskTool({ service: 'nobody' }).invoke({ task: 'x' })).rejects.toThrow(
      /no service is called/,
    );
  });
});
