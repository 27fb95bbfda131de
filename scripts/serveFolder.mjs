// A folder as a static site on the loopback, by sirv: what the tests of the playground, the bench and the smoke rows
// open in a browser.
import { createServer } from "node:http";
import sirv from "sirv";

/**
 * Serves a folder on a free port: `{ url, close }`.
 *
 * @param {string} folder
 * @param {object} [options]
 * @param {string} [options.prefix] the path that it is served under; what lies elsewhere is not there
 * @param {(path: string) => Record<string, string>} [options.headers] of a file, beside its type
 * @param {(path: string) => string | undefined} [options.page] HTML in place of a file
 * @param {RegExp} [options.served] the paths of the files that are served; default: all
 */
export async function serveFolder(folder, { prefix = "/", headers = () => ({}), page = () => undefined, served } = {}) {
  const files = sirv(folder, {
    // Files that are written later are there.
    dev: true,
    setHeaders(response, path) {
      for (const [name, value] of Object.entries(headers(path))) response.setHeader(name, value);
    },
  });
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? "/", "http://localhost");
    const path = `/${pathname.slice(prefix.length)}`;
    const html = page(path);
    if (html !== undefined) response.writeHead(200, { ...headers(path), "content-type": "text/html" }).end(html);
    else if (!pathname.startsWith(prefix) || (served && !served.test(path))) response.writeHead(404).end();
    else {
      request.url = path;
      files(request, response, () => void response.writeHead(404).end());
    }
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(undefined)));
  const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
  return { url: `http://127.0.0.1:${port}${prefix}`, close: () => void server.close() };
}
