import type { Histogram, Meter } from '@opentelemetry/api';

/**
 * The metrics that the GenAI conventions ask of clients, agents and workflows, with the boundaries they advise.
 * Source: open-telemetry/semantic-conventions-genai, docs/gen-ai/gen-ai-metrics.md
 */
export interface Instruments {
  readonly tokens: Histogram;
  /** Seconds, by the operation. */
  readonly durations: { readonly [operation in Operation]: Histogram };
  readonly timeToFirstChunk: Histogram;
}

export type Operation = 'chat' | 'invoke_agent' | 'invoke_workflow' | 'execute_tool';

const tokenBoundaries = Array.from({ length: 14 }, (_, power) => 4 ** power);
const requestBoundaries = Array.from({ length: 14 }, (_, power) => 2 ** power / 100);
const agentBoundaries = Array.from({ length: 13 }, (_, power) => 2 ** power / 10);
const workflowBoundaries = [1, 5, 10, 30, 60, 120, 300, 600, 1_800, 3_600, 7_200];

export function createInstruments(meter: Meter): Instruments {
  const histogram = (name: string, unit: string, boundaries: number[], description: string): Histogram =>
    meter.createHistogram(name, { unit, description, advice: { explicitBucketBoundaries: boundaries } });
  return {
    tokens: histogram(
      'gen_ai.client.token.usage',
      '{token}',
      tokenBoundaries,
      'Number of input and output tokens used.',
    ),
    durations: {
      chat: histogram(
        'gen_ai.client.operation.duration',
        's',
        requestBoundaries,
        'GenAI operation duration.',
      ),
      invoke_agent: histogram(
        'gen_ai.invoke_agent.duration',
        's',
        agentBoundaries,
        'Duration of a turn of an agent, or of a step of a pipeline.',
      ),
      invoke_workflow: histogram(
        'gen_ai.workflow.duration',
        's',
        workflowBoundaries,
        'GenAI workflow duration.',
      ),
      execute_tool: histogram(
        'gen_ai.execute_tool.duration',
        's',
        requestBoundaries,
        'Duration of a single tool execution.',
      ),
    },
    timeToFirstChunk: histogram(
      'gen_ai.client.operation.time_to_first_chunk',
      's',
      requestBoundaries,
      'Time to the first piece of a reply.',
    ),
  };
}
