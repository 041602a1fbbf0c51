import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import type { ApiError } from '../../api.ts';

/** What the server answered, in its words, or that there was no answer. */
export class ApiProblem extends Error {
  /** 0: no answer came. */
  readonly status: number;

  constructor(message: string, status: number) {
    super(message);
    this.status = status;
  }
}

/** Rejects with ApiProblem. */
export async function getJson<Answer>(path: string, signal?: AbortSignal): Promise<Answer> {
  return ask<Answer>(path, { ...(signal ? { signal } : {}) });
}

/** Rejects with ApiProblem. */
export async function postJson<Answer>(path: string, body: unknown): Promise<Answer> {
  return ask<Answer>(path, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  });
}

/** The sentence for whoever pressed the button. */
export function problemText(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

export interface Loaded<Answer> {
  /** The last that came, also while it is asked for again. */
  readonly answer: Answer | undefined;
  readonly problem: ApiProblem | undefined;
  readonly reload: () => void;
}

/** A server that does not answer may be back by then. */
const againMs = 2_000;

/** Asks when the component appears, when the path changes, when told to, and until there is an answer. An empty path asks nothing. */
export function useJson<Answer>(path: string): Loaded<Answer> {
  const [answer, setAnswer] = useState<Answer>();
  const [problem, setProblem] = useState<ApiProblem>();
  const [round, setRound] = useState(0);
  const asked = useRef(path);
  useEffect(() => {
    if (asked.current !== path) {
      setAnswer(undefined);
      setProblem(undefined);
    }
    asked.current = path;
    if (path === '') return;
    const controller = new AbortController();
    let timer: number | undefined;
    getJson<Answer>(path, controller.signal).then(
      (found) => {
        setAnswer(found);
        setProblem(undefined);
      },
      (error: unknown) => {
        if (controller.signal.aborted) return;
        const found = asProblem(error);
        setProblem(found);
        if (found.status === 0) timer = window.setTimeout(() => setRound((before) => before + 1), againMs);
      },
    );
    return () => {
      controller.abort();
      window.clearTimeout(timer);
    };
  }, [path, round]);
  const reload = useCallback(() => setRound((before) => before + 1), []);
  return { answer, problem, reload };
}

async function ask<Answer>(path: string, init: RequestInit): Promise<Answer> {
  let response: Response;
  try {
    response = await fetch(path, init);
  } catch (error) {
    if (init.signal?.aborted) throw error;
    throw new ApiProblem('The server of this page does not answer. Is `colloquy web` still running?', 0);
  }
  const body: unknown = await response.json().catch(() => undefined);
  if (!response.ok)
    throw new ApiProblem(messageIn(body) ?? `The server answered ${response.status}.`, response.status);
  return body as Answer;
}

function messageIn(body: unknown): string | undefined {
  return (body as Partial<ApiError> | undefined)?.error?.message;
}

function asProblem(error: unknown): ApiProblem {
  return error instanceof ApiProblem ? error : new ApiProblem(problemText(error), 0);
}
