import { fakeModel } from '@langchain/core/testing';
import { AIMessage, ToolMessage, type BaseMessage } from '@langchain/core/messages';
import type { StructuredToolInterface } from '@langchain/core/tools';

export interface ToolCall {
  readonly name: string;
  readonly args: Record<string, unknown>;
}

/**
 * Has an agent of LangChain.js work with a model that makes these calls one after the other, whatever is answered, and
 * then is done. Resolves with the answers of the tools.
 */
export async function runScriptedAgent(
  tools: readonly StructuredToolInterface[],
  calls: readonly ToolCall[],
): Promise<ToolMessage[]> {
  const model = fakeModel();
  for (const call of calls) model.respondWithTools([call]);
  model.respond(new AIMessage('It works.'));
  const { createAgent } = (await import(langchain)) as LangChain;
  const agent = createAgent({ model, tools });
  const request = { messages: [{ role: 'user', content: 'Please.' }] };
  const { messages } = await agent.invoke(request, { recursionLimit: 100 });
  return messages.filter((message) => message instanceof ToolMessage);
}

/** Its types bring along those of another zod, which do not go together with what @hono/zod-openapi adds to ours. */
const langchain: string = 'langchain';

interface LangChain {
  readonly createAgent: (options: { model: unknown; tools: readonly StructuredToolInterface[] }) => {
    invoke(request: object, config: object): Promise<{ messages: BaseMessage[] }>;
  };
}
