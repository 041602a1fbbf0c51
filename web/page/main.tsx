import { render, type JSX } from 'preact';
import { Layout } from './shell/layout.tsx';
import { Page } from './shell/routes.tsx';
import { address, startRouter } from './shell/router.ts';

function App(): JSX.Element {
  return (
    <Layout>
      <Page path={address.value.path} />
    </Layout>
  );
}

const place = document.querySelector('#page');
if (place) {
  place.replaceChildren();
  startRouter();
  render(<App />, place);
}
