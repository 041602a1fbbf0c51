import { useEffect, useState } from 'preact/hooks';
import type { ComponentType, JSX } from 'preact';
import { Problem } from './problem.tsx';

/** A part of the page whose code is fetched when it is first shown. */
export function lazy<Props extends object>(load: () => Promise<ComponentType<Props>>): ComponentType<Props> {
  let loaded: ComponentType<Props> | undefined;
  return function Lazy(props: Props): JSX.Element {
    const [, setState] = useState(0);
    const [hasFailed, setFailed] = useState(false);
    useEffect(() => {
      if (loaded) return;
      load().then(
        (component) => {
          loaded = component;
          setState(1);
        },
        () => setFailed(true),
      );
    }, []);
    const Loaded = loaded;
    if (Loaded) return <Loaded {...props} />;
    return hasFailed ? <NotLoaded /> : <p class="loading">Loading…</p>;
  };
}

/** The server is gone, or it is a newer one, whose page has other parts. */
function NotLoaded(): JSX.Element {
  return (
    <>
      <Problem text="This part of the page did not load. Is `colloquy web` still running? If so, load the page again" />
      <button type="button" onClick={() => window.location.reload()}>
        Load the page again
      </button>
    </>
  );
}
