/**
 * Names of the GenAI conventions that this program may use, as they stand in open-telemetry/semantic-conventions-genai
 * (docs/gen-ai/gen-ai-spans.md, gen-ai-agent-spans.md and gen-ai-metrics.md, which build on the conventions 1.42.0).
 */
export const conventionalAttributes: ReadonlySet<string> = new Set([
  'error.type',
  'gen_ai.agent.name',
  'gen_ai.conversation.id',
  'gen_ai.input.messages',
  'gen_ai.operation.name',
  'gen_ai.output.messages',
  'gen_ai.provider.name',
  'gen_ai.request.max_tokens',
  'gen_ai.request.model',
  'gen_ai.request.seed',
  'gen_ai.request.stop_sequences',
  'gen_ai.request.stream',
  'gen_ai.request.temperature',
  'gen_ai.request.top_p',
  'gen_ai.response.finish_reasons',
  'gen_ai.response.id',
  'gen_ai.response.model',
  'gen_ai.response.time_to_first_chunk',
  'gen_ai.system_instructions',
  'gen_ai.token.type',
  'gen_ai.tool.call.arguments',
  'gen_ai.tool.call.id',
  'gen_ai.tool.call.result',
  'gen_ai.tool.name',
  'gen_ai.tool.type',
  'gen_ai.usage.cache_creation.input_tokens',
  'gen_ai.usage.cache_read.input_tokens',
  'gen_ai.usage.input_tokens',
  'gen_ai.usage.output_tokens',
  'gen_ai.workflow.name',
  // Of HTTP and of servers, https://opentelemetry.io/docs/specs/semconv/registry/attributes/
  'http.response.status_code',
  'server.address',
  'server.port',
]);

/** What each operation must have at least. */
export const requiredAttributes: Readonly<Record<string, readonly string[]>> = {
  chat: ['gen_ai.operation.name', 'gen_ai.provider.name', 'gen_ai.request.model'],
  invoke_agent: ['gen_ai.operation.name', 'gen_ai.provider.name', 'gen_ai.agent.name'],
  invoke_workflow: ['gen_ai.operation.name', 'gen_ai.workflow.name'],
  execute_tool: ['gen_ai.operation.name', 'gen_ai.tool.name'],
};

const requests = [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92];

/** Unit and advised boundaries, by the name of the metric. */
export const conventionalMetrics: Readonly<Record<string, { unit: string; bounds: readonly number[] }>> = {
  'gen_ai.client.token.usage': {
    unit: '{token}',
    bounds: [1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216, 67108864],
  },
  'gen_ai.client.operation.duration': { unit: 's', bounds: requests },
  'gen_ai.client.operation.time_to_first_chunk': { unit: 's', bounds: requests },
  'gen_ai.execute_tool.duration': { unit: 's', bounds: requests },
  'gen_ai.invoke_agent.duration': {
    unit: 's',
    bounds: [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8, 25.6, 51.2, 102.4, 204.8, 409.6],
  },
  'gen_ai.workflow.duration': {
    unit: 's',
    bounds: [1, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200],
  },
};
