import net from 'node:net';
import type { Seat } from '../../wire/types.ts';
import { Dice } from './dice.ts';
import { Pipe, type Cut } from './pipe.ts';
import type { NetworkPlan } from './scenario.ts';
import { reset } from '../support/reset.ts';

export interface NetworkOptions {
  readonly seed: number;
  readonly plan: NetworkPlan;
  /** Where the proxy is: asked again for every connection. */
  readonly upstream: (seat: Seat) => number;
  /** A message has passed on its way to the proxy, `count` so far. */
  readonly onMessage: (count: number) => void;
}

/** A bad line between the agents and the proxy. Nothing happens on it before `arm` but what no one should notice. */
export class BadNetwork {
  readonly #options: NetworkOptions;
  readonly #listeners: { readonly [seat in Seat]: net.Server };
  readonly #links = new Set<Link>();
  readonly #armed = new Set<string>();
  /** Connections so far, by whose they are. */
  readonly #counts = new Map<string, number>();
  readonly #cuts = new Map<string, number>();
  #messages = 0;
  #isDown = false;
  /** How often each thing has happened. */
  readonly happened = new Map<string, number>();

  constructor(options: NetworkOptions) {
    this.#options = options;
    this.#listeners = { a: this.#createListener('a'), b: this.#createListener('b') };
  }

  async listen(): Promise<{ readonly [seat in Seat]: number }> {
    const ports = { a: 0, b: 0 };
    for (const seat of ['a', 'b'] as const) {
      const listener = this.#listeners[seat];
      await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
      ports[seat] = (listener.address() as net.AddressInfo).port;
    }
    return ports;
  }

  /** Both agents of that meeting can come back from now on. */
  arm(meeting: string): void {
    this.#armed.add(meeting);
  }

  /** Ends all connections, and lets none through for a while. */
  async goDown(ms: number, reset: boolean): Promise<void> {
    this.#isDown = true;
    for (const link of [...this.#links])
      link.cut({ how: reset ? 'reset' : 'end', lingerMs: 0, side: 'both' });
    await new Promise((resolve) => setTimeout(resolve, ms));
    this.#isDown = false;
  }

  async close(): Promise<void> {
    for (const link of [...this.#links]) link.destroy();
    await Promise.all(
      Object.values(this.#listeners).map((listener) => new Promise((resolve) => listener.close(resolve))),
    );
  }

  #createListener(seat: Seat): net.Server {
    return net.createServer({ allowHalfOpen: true }, (agent) => {
      if (this.#isDown) {
        agent.on('error', () => {});
        reset(agent);
        return;
      }
      const proxy = net.connect({
        host: '127.0.0.1',
        port: this.#options.upstream(seat),
        allowHalfOpen: true,
      });
      const link = new Link(agent, proxy, {
        onGreeting: (meeting) => this.#introduce(link, meeting, seat),
        onMessage: () => this.#options.onMessage(++this.#messages),
        onGone: () => this.#links.delete(link),
      });
      this.#links.add(link);
    });
  }

  #introduce(link: Link, meeting: string, seat: Seat): void {
    const whose = `${meeting}/${seat}`;
    const count = (this.#counts.get(whose) ?? 0) + 1;
    this.#counts.set(whose, count);
    const dice = new Dice(`${this.#options.seed}/${whose}/${count}`);
    link.trouble(this.#options.plan, {
      dice,
      mayCut: () => this.#armed.has(meeting) && (this.#cuts.get(meeting) ?? 0) < this.#options.plan.maxCuts,
      isArmed: () => this.#armed.has(meeting),
      onTrouble: (what) => {
        this.happened.set(what, (this.happened.get(what) ?? 0) + 1);
        if (what === 'cut') this.#cuts.set(meeting, (this.#cuts.get(meeting) ?? 0) + 1);
      },
    });
  }
}

interface Trouble {
  readonly dice: Dice;
  readonly isArmed: () => boolean;
  readonly mayCut: () => boolean;
  readonly onTrouble: (what: string) => void;
}

/** One connection of an agent, and the one to the proxy that belongs to it. */
class Link {
  readonly #agent: net.Socket;
  readonly #proxy: net.Socket;
  readonly #up: Pipe;
  readonly #down: Pipe;

  constructor(
    agent: net.Socket,
    proxy: net.Socket,
    options: { onGreeting: (meeting: string) => void; onMessage: () => void; onGone: () => void },
  ) {
    this.#agent = agent;
    this.#proxy = proxy;
    this.#up = new Pipe(agent, proxy, {
      onLine: (line) => {
        if (line.startsWith('/iam:')) options.onGreeting(meetingOf(line));
        else if (!line.startsWith('/')) options.onMessage();
      },
      onCut: (cut) => this.cut(cut),
    });
    this.#down = new Pipe(proxy, agent, { onLine: () => {}, onCut: (cut) => this.cut(cut) });
    for (const [one, other] of [[agent, proxy] as const, [proxy, agent] as const]) {
      one.setNoDelay(true);
      one.on('error', () => {});
      // A process that was killed resets its connections, and so does the line.
      one.on('close', (hadError) => {
        if (hadError && !other.destroyed) reset(other);
        if (agent.destroyed && proxy.destroyed) options.onGone();
      });
    }
  }

  trouble(plan: NetworkPlan, { dice, ...trouble }: Trouble): void {
    this.#up.trouble(plan, { dice: dice.named('up'), ...trouble });
    this.#down.trouble(plan, { dice: dice.named('down'), ...trouble });
  }

  /** One side may not notice for a while. */
  cut({ how, side, lingerMs }: Cut): void {
    this.#up.stop();
    this.#down.stop();
    const sockets = { agent: this.#agent, proxy: this.#proxy };
    const end = (socket: net.Socket): void => {
      if (how === 'reset') return reset(socket);
      socket.end();
      setTimeout(() => socket.destroy(), 50);
    };
    if (side !== 'proxy') end(sockets.agent);
    if (side !== 'agent') end(sockets.proxy);
    setTimeout(() => this.destroy(), lingerMs + 60);
  }

  destroy(): void {
    this.#up.stop();
    this.#down.stop();
    this.#agent.destroy();
    this.#proxy.destroy();
  }
}

/** A meeting keeps its name here, for none was held in this folder before. */
function meetingOf(greeting: string): string {
  const { meeting } = JSON.parse(greeting.replace(/^\/iam: /, '')) as { meeting: string };
  return meeting;
}
