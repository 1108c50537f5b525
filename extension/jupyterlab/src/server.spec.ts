import { ServerConnection } from '@jupyterlab/services';
import { describe, expect, it } from 'vitest';

import { DexServer, RefusedError } from './server';

function serverThat(answer: (request: Request) => Response | Promise<Response>): {
  server: DexServer;
  requests: Request[];
} {
  const requests: Request[] = [];
  const settings = ServerConnection.makeSettings({
    baseUrl: 'http://host/user/me/',
    token: 'abc',
    appendToken: false,
    fetch: async (input: RequestInfo | URL, init?: RequestInit) => {
      const request = new Request(input, init);
      requests.push(request);
      return answer(request);
    }
  });
  return { server: new DexServer(settings), requests };
}

describe('the server', () => {
  it('is asked with the token, below its base address', async () => {
    const { server, requests } = serverThat(() => Response.json({ version: '0.1.0', protocol: 1 }));
    expect(await server.version()).toEqual({ version: '0.1.0', protocol: 1 });
    expect(requests[0].url.split('?')[0]).toBe('http://host/user/me/dex/version');
    expect(requests[0].headers.get('Authorization')).toBe('token abc');
  });

  it('without dex has no version', async () => {
    expect(await serverThat(() => new Response('', { status: 404 })).server.version()).toBeNull();
  });

  it('exports what the request says', async () => {
    const reply = { notebook: 'a.ipynb', drift: false, files: [], text: 'done' };
    const { server, requests } = serverThat(() => Response.json(reply));
    expect(await server.export({ path: 'notebooks/a.ipynb', check: false, force: true })).toEqual(reply);
    expect(await requests[0].json()).toEqual({ path: 'notebooks/a.ipynb', check: false, force: true });
    expect(requests[0].method).toBe('POST');
  });

  it('refuses in its own words', async () => {
    const body = { code: 'DEX-EXPORT-01', message: 'No.', where: 'cell 2', remedy: 'Mend it.', places: [] };
    const { server } = serverThat(() => Response.json(body, { status: 409 }));
    const error = await server.export({ path: 'a.ipynb', check: false, force: false }).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(RefusedError);
    expect((error as RefusedError).reply).toEqual(body);
  });

  it('that answers no JSON is an error too', async () => {
    const { server } = serverThat(() => new Response('<html>Bad gateway</html>', { status: 502 }));
    await expect(server.export({ path: 'a.ipynb', check: false, force: false })).rejects.toThrow();
  });
});
