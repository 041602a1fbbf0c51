import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, readdirSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { onTestFinished } from 'vitest';
import type { Identity } from './certificates.ts';
import { temporaryFolder } from './temporary.ts';

export interface PackageIndex {
  /** As in `execution.package_index`. */
  readonly url: string;
  readonly port: number;
  /** The paths that were asked for. */
  readonly asked: string[];
}

/** What an index has: the name of a file, such as `hello-1.0-py3-none-any.whl`, and its bytes. */
export type Files = Readonly<Record<string, Buffer>>;

/** An index of packages on loopback (PEP 503), gone when the test is; with an identity, it speaks https as `localhost`. */
export async function startPackageIndex(files: Files, identity?: Identity): Promise<PackageIndex> {
  const asked: string[] = [];
  const answer: http.RequestListener = (request, response) => {
    const place = request.url ?? '';
    asked.push(place);
    const file = files[path.basename(place)];
    if (file) return response.end(file);
    const name = /^\/simple\/([^/]+)\/$/.exec(place)?.[1];
    const own = Object.keys(files).filter((each) => each.split('-')[0]?.toLowerCase() === name);
    if (own.length === 0) return response.writeHead(404).end();
    response.setHeader('content-type', 'text/html');
    response.end(`<!DOCTYPE html>${own.map((each) => `<a href="/files/${each}">${each}</a>`).join('\n')}`);
  };
  const server = identity
    ? https.createServer({ cert: readFileSync(identity.cert), key: readFileSync(identity.key) }, answer)
    : http.createServer(answer);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  const { port } = server.address() as AddressInfo;
  const root = identity ? `https://localhost:${port}` : `http://127.0.0.1:${port}`;
  return { url: `${root}/simple`, port, asked };
}

/** A wheel of one module. */
export async function makeWheel(name: string, version: string, source: string): Promise<Files> {
  const about = `${name}-${version}.dist-info`;
  const content = {
    [`${name}.py`]: source,
    [`${about}/METADATA`]: `Metadata-Version: 2.1\nName: ${name}\nVersion: ${version}\n`,
    [`${about}/WHEEL`]: 'Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n',
    [`${about}/RECORD`]: '',
  };
  const file = `${name}-${version}-py3-none-any.whl`;
  return { [file]: await archive(file, content) };
}

/**
 * A package that is built from its source by a `setup.py`. `requires`: what has to be installed before; of that the index
 * has the system's own setuptools.
 */
export async function makeSource(
  name: string,
  version: string,
  setup: string,
  requires: readonly 'setuptools'[] = [],
): Promise<Files> {
  const file = `${name}-${version}.tar.gz`;
  const root = `${name}-${version}`;
  const content = {
    [`${root}/setup.py`]: setup,
    [`${root}/PKG-INFO`]: `Metadata-Version: 2.1\nName: ${name}\nVersion: ${version}\n`,
    [`${root}/pyproject.toml`]: `[build-system]\nrequires = ${JSON.stringify(requires)}\nbuild-backend = "backend"\nbackend-path = ["."]\n`,
    [`${root}/backend.py`]: backend(name, version),
  };
  return { [file]: await archive(file, content), ...(requires.length > 0 ? builder() : {}) };
}

function builder(): Files {
  const folder = '/usr/share/python-wheels';
  const wheels = readdirSync(folder).filter((name) => name.startsWith('setuptools-'));
  return Object.fromEntries(wheels.map((name) => [name, readFileSync(path.join(folder, name))]));
}

/** Makes the wheel by hand, after running setup.py as any build does. */
function backend(name: string, version: string): string {
  return `
import os, runpy, zipfile
def get_requires_for_build_wheel(config_settings=None): return []
def build_wheel(folder, config_settings=None, metadata_directory=None):
    runpy.run_path("setup.py", run_name="__main__")
    file = "${name}-${version}-py3-none-any.whl"
    about = "${name}-${version}.dist-info/"
    with zipfile.ZipFile(os.path.join(folder, file), "w") as out:
        out.write("${name}.py")
        out.writestr(about + "METADATA", "Metadata-Version: 2.1\\nName: ${name}\\nVersion: ${version}\\n")
        out.writestr(about + "WHEEL", "Wheel-Version: 1.0\\nGenerator: test\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        out.writestr(about + "RECORD", "")
    return file
`;
}

async function archive(name: string, content: Readonly<Record<string, string>>): Promise<Buffer> {
  const file = path.join(await temporaryFolder(), name);
  const program = `import io, json, sys, tarfile, zipfile
file, content = sys.argv[1], json.load(sys.stdin)
if file.endswith(".whl"):
    with zipfile.ZipFile(file, "w") as out:
        for name, text in content.items(): out.writestr(name, text)
else:
    with tarfile.open(file, "w:gz") as out:
        for name, text in content.items():
            about = tarfile.TarInfo(name)
            about.size = len(text.encode())
            out.addfile(about, io.BytesIO(text.encode()))
`;
  const { status, stderr } = spawnSync('/usr/bin/python3', ['-I', '-c', program, file], {
    input: JSON.stringify(content),
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(stderr);
  return readFileSync(file);
}
