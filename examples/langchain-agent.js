// An agent of LangChain.js that writes, runs and mends a program with the code editor's tools, in the sandbox. Its model
// is scripted, so no key is needed; put a chat model of yours in its place.
//   npm install langchain @langchain/core && node examples/langchain-agent.js
import { createAgent, fakeModel } from 'langchain';
import { AIMessage } from '@langchain/core/messages';
import { CodeEditor } from 'colloquy';
import { codeEditorTools } from 'colloquy/langchain';

const model = fakeModel()
  .respondWithTools([{ name: 'write_code', args: { source: 'print(sum(rnge(5)))\n' } }])
  .respondWithTools([{ name: 'run_code', args: {} }])
  .respondWithTools([{ name: 'change_lines', args: { first: 1, last: 1, text: 'print(sum(range(5)))' } }])
  .respondWithTools([{ name: 'run_code', args: {} }])
  .respond(new AIMessage('The program works now.'));

const editor = new CodeEditor();
const agent = createAgent({ model, tools: codeEditorTools(editor, { seconds: 10 }) });
const { messages } = await agent.invoke({
  messages: [{ role: 'user', content: 'Add up the first five numbers.' }],
});
for (const message of messages) {
  if (message.getType() === 'tool') console.log(`${message.name}: ${message.text}`);
}
console.log(editor.source);
