import { distance } from 'fastest-levenshtein';
import type { ConfigProblem } from '../config/errors.ts';
import type { PositionedYaml } from '../config/positions.ts';
import type { Step } from './pipeline.ts';

type StepNames = Pick<Step, 'module' | 'inputs' | 'output_name' | 'when'>;

/** What is wrong with how the steps hang together. Positions are those of `yaml`, the list of the steps. */
export function checkGraph(
  steps: readonly StepNames[],
  modules: readonly string[],
  yaml: Pick<PositionedYaml, 'locate'>,
): ConfigProblem[] {
  const doubles = findDoubleNames(steps, yaml);
  return [
    ...findUnknownModules(steps, modules, yaml),
    ...doubles,
    ...findUnknownInputs(steps, yaml),
    ...findDoubleInputs(steps, yaml),
    // A plan made of a plan looks like a circle as long as both have one name.
    ...(doubles.length > 0 ? [] : findCycles(steps, yaml)),
    ...findLonely(steps, yaml),
  ];
}

/** The outputs that a step waits for. */
export function needsOf({ inputs, when }: Pick<Step, 'inputs' | 'when'>): readonly string[] {
  return [...new Set(when ? [...inputs, when.output] : inputs)];
}

/** A step, and all that depend on it. */
export function dependentsOf(
  name: string,
  steps: readonly Pick<Step, 'inputs' | 'output_name' | 'when'>[],
): Set<string> {
  const found = new Set([name]);
  for (let before = 0; before < found.size;) {
    before = found.size;
    for (const step of steps) if (needsOf(step).some((need) => found.has(need))) found.add(step.output_name);
  }
  return found;
}

function findUnknownModules(
  steps: readonly StepNames[],
  modules: readonly string[],
  yaml: Pick<PositionedYaml, 'locate'>,
): ConfigProblem[] {
  return steps.flatMap(({ module }, at) =>
    modules.includes(module)
      ? []
      : [
          {
            where: yaml.locate([at, 'module'], 'value'),
            message: `no module is called ${module}${nearest(modules, module)}; there are ${modules.join(', ')}`,
          },
        ],
  );
}

/** The plan, and the plan enhanced, are two things: who gets which must be said. */
function findDoubleNames(steps: readonly StepNames[], yaml: Pick<PositionedYaml, 'locate'>): ConfigProblem[] {
  const names = steps.map((step) => step.output_name);
  return names.flatMap((name, at) => {
    const first = names.indexOf(name);
    if (first === at) return [];
    const where = yaml.locate([first, 'output_name'], 'value');
    const other = freeName(name, names);
    return [
      {
        where: yaml.locate([at, 'output_name'], 'value'),
        message: `output_name ${name} is taken by the step at ${where}; call this one ${other}, and write ${other} in the inputs of the steps that should get it`,
      },
    ];
  });
}

function findUnknownInputs(
  steps: readonly StepNames[],
  yaml: Pick<PositionedYaml, 'locate'>,
): ConfigProblem[] {
  const names = [...new Set(steps.map((step) => step.output_name))];
  const complain = (input: string, where: string): ConfigProblem[] =>
    names.includes(input)
      ? []
      : [
          {
            where,
            message: `no step has the output ${input}${nearest(names, input)}; there are ${names.join(', ')}`,
          },
        ];
  return steps.flatMap(({ inputs, when }, at) => [
    ...inputs.flatMap((input, index) => complain(input, yaml.locate([at, 'inputs', index], 'value'))),
    ...(when ? complain(when.output, yaml.locate([at, 'when', 'output'], 'value')) : []),
  ]);
}

/** A model would read it twice, and that is paid for. */
function findDoubleInputs(
  steps: readonly StepNames[],
  yaml: Pick<PositionedYaml, 'locate'>,
): ConfigProblem[] {
  return steps.flatMap(({ inputs }, at) =>
    inputs.flatMap((input, index) =>
      inputs.indexOf(input) === index
        ? []
        : [
            {
              where: yaml.locate([at, 'inputs', index], 'value'),
              message: `${input} stands in these inputs twice; delete one of them`,
            },
          ],
    ),
  );
}

/** Each cycle once, from its first step in the file, as `a → b → a`. */
function findCycles(steps: readonly StepNames[], yaml: Pick<PositionedYaml, 'locate'>): ConfigProblem[] {
  const byName = new Map(steps.map((step) => [step.output_name, step]));
  const done = new Set<string>();
  const problems: ConfigProblem[] = [];
  const visit = (name: string, path: readonly string[]): void => {
    const begins = path.indexOf(name);
    if (begins >= 0) {
      const cycle = path.slice(begins);
      const at = steps.findIndex((step) => step.output_name === cycle[0]);
      const spelled = [...cycle, cycle[0]].reverse().join(' → ');
      problems.push({
        where: yaml.locate([at, 'inputs'], 'value'),
        message: `goes round in a circle: ${spelled}; one of them must do without the other's output`,
      });
      return;
    }
    const step = byName.get(name);
    if (!step || done.has(name)) return;
    for (const need of needsOf(step)) visit(need, [...path, name]);
    done.add(name);
  };
  for (const { output_name: name } of steps) visit(name, []);
  return problems;
}

/** A step that gets nothing and gives nothing has no place in a pipeline of several. */
function findLonely(steps: readonly StepNames[], yaml: Pick<PositionedYaml, 'locate'>): ConfigProblem[] {
  if (steps.length === 1) return [];
  const needed = new Set(steps.flatMap(needsOf));
  return steps.flatMap((step, at) =>
    needsOf(step).length > 0 || needed.has(step.output_name)
      ? []
      : [
          {
            where: yaml.locate([at, 'output_name'], 'value'),
            message: `nothing connects the step ${step.output_name}: it has no inputs, and no step has it as one`,
          },
        ],
  );
}

function freeName(name: string, taken: readonly string[]): string {
  for (let count = 2; ; count++) if (!taken.includes(`${name}_${count}`)) return `${name}_${count}`;
}

function nearest(known: readonly string[], given: string): string {
  const near = known.find((each) => distance(each, given) <= Math.min(3, Math.ceil(given.length / 3)));
  return near === undefined ? '' : `; did you mean ${near}?`;
}
