/** Who can be asked to translate, to plan and to code: the built-in speakers only know their own lines. */
export const coderServices = ['openai', 'anthropic', 'ollama', 'lmstudio', 'scripted', 'command'] as const;

/** The parts that models play in a coding task. */
export const coderRoles = ['planner', 'coder', 'linter', 'dependency_tracker'] as const;
export type CoderRole = (typeof coderRoles)[number];

/** How the program that is run is chosen among several samples. */
export const samplingStrategies = ['lint-score', 'first-passing', 'none'] as const;
