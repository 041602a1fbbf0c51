/** What `import … from 'colloquy'` gives; docs/library.md tells of each. */
export { CodeEditor, type EditorRunOptions } from './coder/code-editor.ts';
export type { CodingRun } from './coder/coder.ts';
export type {
  CodingEvent,
  CodingPhase,
  CodingResult,
  Finding,
  Installation,
  SampleReport,
  TestReport,
  Trial,
  Votes,
} from './coder/events.ts';
export type { CodingTaskOptions } from './cli/coding-task.ts';
export { runCodingTask } from './library/coding-task.ts';
export { ConfigError, type ConfigProblem } from './config/errors.ts';
export type { Input, Module, ModuleContext, Prompt } from './pipelines/module.ts';
export {
  ProviderError,
  type ChatMessage,
  type FinishReason,
  type Provider,
  type ReplyPiece,
  type ReplyRequest,
  type ReplyStream,
} from './agents/provider.ts';
export { hold } from './library/hold.ts';
export type {
  CodeRun,
  ExecutionWish,
  HoldOptions,
  Meeting,
  MeetingEvent,
  MeetingResult,
  PersonaText,
  SpeakerOptions,
  Turn,
  TurnFlag,
} from './library/meeting.ts';
export { requestLimit, type RequestLimit, type RequestLimitOptions } from './library/request-limit.ts';
export { openProject } from './library/open-project.ts';
export type { InstallOutcome, ProgramOutcome, Project, ProjectSession } from './sidecar/project/project.ts';
export { ColloquyError } from './wire/errors.ts';
