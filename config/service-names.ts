/** What can write the replies of an agent that is a process; a person sits down with `join` instead. */
export const serviceNames = [
  'openai',
  'anthropic',
  'ollama',
  'lmstudio',
  'eliza',
  'parry',
  'scripted',
  'command',
  'pipeline',
] as const;
export type ServiceName = (typeof serviceNames)[number];
