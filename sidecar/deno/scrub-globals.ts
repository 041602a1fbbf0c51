/**
 * What is left on the global object of a worker: the language, and what computes without a host. Deno
 * would refuse the rest, but its standard descriptors are open to every isolate, and over them the
 * driver talks with the sidecar.
 */
const kept = new Set(
  `Object Function Array Number parseFloat parseInt Infinity NaN undefined Boolean String Symbol Date Promise
  RegExp Error AggregateError EvalError RangeError ReferenceError SyntaxError TypeError URIError globalThis
  JSON Math Intl ArrayBuffer Atomics Uint8Array Int8Array Uint16Array Int16Array Uint32Array Int32Array
  BigUint64Array BigInt64Array Uint8ClampedArray Float32Array Float64Array Float16Array DataView Map BigInt
  Set Iterator WeakMap WeakSet Proxy Reflect FinalizationRegistry WeakRef decodeURI decodeURIComponent
  encodeURI encodeURIComponent escape unescape eval isFinite isNaN SharedArrayBuffer WebAssembly Temporal
  SuppressedError DisposableStack AsyncDisposableStack console queueMicrotask AbortController AbortSignal
  Blob CustomEvent DOMException Event EventTarget FormData Headers MessageChannel MessageEvent MessagePort
  Response ReadableStream WritableStream TransformStream TextDecoder TextEncoder URL URLSearchParams atob
  btoa clearInterval clearTimeout clearImmediate setInterval setTimeout setImmediate crypto performance
  structuredClone`.split(/\s+/),
);

/**
 * Over these the worker's driver talks with the main isolate and waits for its own promises: code that
 * changed them could answer in its place.
 */
function freezeWays(): void {
  const own: unknown = Object.getOwnPropertyDescriptor(Object.prototype, 'then');
  if (own === undefined)
    Object.defineProperty(Object.prototype, 'then', { get: () => undefined, set: defineThen });
  for (const name of ['Promise', 'EventTarget', 'MessagePort', 'Event', 'MessageEvent']) {
    const constructor = (globalThis as unknown as Record<string, { prototype: object } | undefined>)[name];
    if (constructor) Object.freeze(constructor.prototype);
  }
}

/** Digests and keys are made on threads that go on when the worker has ended. */
function limitCrypto(): void {
  const getRandomValues = crypto.getRandomValues.bind(crypto);
  const randomUUID = crypto.randomUUID.bind(crypto);
  const value = { getRandomValues, randomUUID };
  Object.defineProperty(globalThis, 'crypto', {
    value,
    writable: true,
    enumerable: false,
    configurable: true,
  });
}

/** An object of the code may still have a `then` of its own. */
function defineThen(this: object, value: unknown): void {
  Object.defineProperty(this, 'then', { value, writable: true, enumerable: true, configurable: true });
}

/** Takes away all but what is `kept` and what is named. */
export function scrubGlobals(names: readonly string[] = []): void {
  freezeWays();
  limitCrypto();
  const stay = new Set([...kept, ...names]);
  for (let holder: object | null = globalThis; holder && holder !== Object.prototype;) {
    const isGlobal = holder === globalThis;
    for (const name of Object.getOwnPropertyNames(holder)) {
      if (!stay.has(name) && (isGlobal || name !== 'constructor')) takeAway(holder, name);
    }
    holder = Object.getPrototypeOf(holder) as object | null;
    // What it inherits from EventTarget is harmless, and in use.
    if (holder === EventTarget.prototype) break;
  }
}

function takeAway(holder: object, name: string): void {
  if (Reflect.deleteProperty(holder, name)) return;
  Reflect.set(holder, name, undefined);
}
