// `npm run smoke`: packs the package, installs the tarball in an empty folder, and fits with it in every runtime and
// with every bundler that is here (test/smoke has them: npm ci --ignore-scripts --prefix test/smoke). Prints a table
// and ends with `N passed, N failed`. What is missing is skipped; with CI set it fails.
import { execFile, spawn } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { BROWSERS } from "./browsers.mjs";
import { serveFolder } from "./serveFolder.mjs";
import { patience } from "./slowness.mjs";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const tools = join(root, "test/smoke/node_modules");
const require = createRequire(join(root, "test/smoke/package.json"));
const execute = promisify(execFile);
const folder = mkdtempSync(join(tmpdir(), "ntk-wasm-smoke-"));
const FILES = [
  "fit.mjs",
  "realm.test.mjs",
  "console.mjs",
  "page.mjs",
  "require.cjs",
  "slim.mjs",
  "workerd.mjs",
  "workerd.capnp",
  "consumer.mts",
];
const TIMEOUT_MS = patience(120_000);
const POLICY = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'";
const BLOB = "worker-src blob:";
const WORKER = "/node_modules/ntk-wasm/dist/ntk-wasm-worker-script.js";

async function run(path, ...args) {
  const { stdout } = await execute(path, args, { cwd: folder, timeout: TIMEOUT_MS });
  return stdout.trim().split("\n").at(-1);
}

/** A tool of test/smoke, as a module. */
const tool = (name) => import(pathToFileURL(require.resolve(name)).href);

/** Packs a package into the folder, and gives the name of the tarball. */
async function pack(cwd) {
  const { stdout } = await execute("npm", ["pack", "--ignore-scripts", "--json", "--pack-destination", folder], {
    cwd,
  });
  const packed = JSON.parse(stdout);
  const { filename } = Array.isArray(packed) ? packed[0] : Object.values(packed)[0];
  return filename;
}

async function install() {
  const filename = await pack(root);
  writeFileSync(join(folder, "package.json"), '{ "private": true, "type": "module" }');
  await execute("npm", ["install", "--ignore-scripts", "--no-audit", "--no-fund", `./${filename}`], { cwd: folder });
  for (const file of FILES) cpSync(join(root, "test/smoke", file), join(folder, file));
}

/** Bundles workerd.mjs as wrangler would, starts workerd on a free port, and asks it once. */
async function workerd(path) {
  const { build } = await tool("esbuild");
  await build({
    entryPoints: [join(folder, "workerd.mjs")],
    outfile: join(folder, "out/workerd.js"),
    bundle: true,
    format: "esm",
    external: ["*.wasm"],
    logLevel: "error",
  });
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  const server = spawn(path, ["serve", "--control-fd=1", "workerd.capnp"], { cwd: folder, signal });
  try {
    let complaint = "";
    server.stderr.on("data", (text) => {
      complaint += text;
    });
    // The first line says where it listens.
    const line = await new Promise((resolve, reject) => {
      server.stdout.once("data", resolve);
      server.once("error", reject);
      server.once("close", () => reject(new Error(complaint)));
    });
    const response = await fetch(`http://127.0.0.1:${JSON.parse(line).port}/`, { signal });
    const said = await response.text();
    if (!said.startsWith("fitted")) throw new Error(`${said}\n${complaint}`);
    return said;
  } finally {
    server.kill();
  }
}

// Bundlers: each makes out/<name>.js of page.mjs.
const entry = join(folder, "page.mjs");
const BUNDLERS = {
  async esbuild(outfile) {
    const { build } = await tool("esbuild");
    await build({ entryPoints: [entry], outfile, bundle: true, format: "esm", logLevel: "error" });
  },
  async Rollup(file) {
    const { rollup } = await tool("rollup");
    const { nodeResolve } = await tool("@rollup/plugin-node-resolve");
    const bundle = await rollup({ input: entry, plugins: [nodeResolve({ browser: true })] });
    await bundle.write({ file, format: "es", inlineDynamicImports: true });
    await bundle.close();
  },
  async "webpack 5"(file) {
    const { default: webpack } = await tool("webpack");
    const stats = await promisify(webpack)({
      mode: "production",
      context: folder,
      entry,
      output: { path: dirname(file), filename: file.slice(dirname(file).length + 1) },
    });
    if (stats.hasErrors()) throw new Error(stats.toString("errors-only"));
  },
  async "Vite build"(file) {
    const vite = await tool("vite");
    await vite.build({
      root: folder,
      logLevel: "error",
      build: {
        outDir: dirname(file),
        emptyOutDir: false,
        lib: { entry, formats: ["es"], fileName: () => file.slice(dirname(file).length + 1) },
      },
    });
  },
};

const IMPORTS = {
  "ntk-wasm": "/node_modules/ntk-wasm/dist/ntk-wasm.js",
  "ntk-wasm/worker": "/node_modules/ntk-wasm/dist/ntk-wasm-worker.js",
};

/** The policy of a page; undefined for none. */
function policyOf(url) {
  if (url.startsWith("/csp/blob/")) return `${POLICY}; ${BLOB}`;
  if (url.startsWith("/csp/js/")) return `default-src 'none'; script-src 'self'; ${BLOB}`;
  return url.startsWith("/csp/") ? POLICY : undefined;
}

/** Serves the folder. */
const serve = () =>
  serveFolder(folder, {
    headers(path) {
      const policy = policyOf(path);
      return policy ? { "content-security-policy": policy } : {};
    },
  });

function html(path, head) {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), `<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,">${head}`);
  return path;
}

const bundled = (name) => `out/${name.replace(/\W/g, "-")}.js`;
const script = (path) => `<script type="module" src="/${path}"></script>`;

/** Opens a page and waits for what its title says. */
async function open(browser, address) {
  const { page } = browser;
  await page.goto(address);
  const until = Date.now() + TIMEOUT_MS;
  while (Date.now() < until) {
    const title = await page.evaluate(() => document.title);
    if (title.startsWith("fitted")) return title;
    if (title !== "") throw new Error(title);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error("the page said nothing");
}

const rows = [];
let wanting = 0;
async function row(where, what, body) {
  const start = performance.now();
  try {
    rows.push({ where, what, result: await body(), ms: Math.round(performance.now() - start) });
  } catch (error) {
    const text = `${error.stderr ?? ""}${error.message}`.trim();
    rows.push({ where, what, result: `FAILED: ${text.split("\n").slice(0, 12).join("\n  ")}`, failed: true });
  }
}
function skip(where, why) {
  wanting += process.env.CI ? 1 : 0;
  rows.push({ where, what: "", result: `${process.env.CI ? "FAILED" : "skipped"}: ${why}`, skipped: true });
}

async function runtimes() {
  const nodes = join(root, "tools/nodes/node_modules");
  const list = [[`Node ${process.versions.node}`, process.execPath]];
  for (const major of [22, 24, 26]) list.push([`Node ${major}`, join(nodes, `node${major}/bin/node`)]);
  for (const [name, path] of list) {
    if (!existsSync(path)) {
      skip(name, "npm ci --ignore-scripts --prefix tools/nodes");
      continue;
    }
    await row(name, "import, worker", () => run(path, "console.mjs"));
    await row(name, "require", () => run(path, "require.cjs"));
    await row(name, "slim, a module", () => run(path, "slim.mjs"));
  }
  const deno = join(tools, "@deno/linux-x64-glibc/deno");
  if (existsSync(deno)) {
    const flags = ["run", "--no-lock", "--node-modules-dir=manual", "--allow-read"];
    await row("Deno", "import, worker", () => run(deno, ...flags, "console.mjs"));
    await row("Deno", "slim, a module", () => run(deno, ...flags, "slim.mjs"));
  } else skip("Deno", "npm ci --ignore-scripts --prefix test/smoke");
  const bun = join(tools, "@oven/bun-linux-x64-baseline/bin/bun");
  if (existsSync(bun)) {
    await row("Bun", "import, worker", () => run(bun, "console.mjs"));
    await row("Bun", "slim, a module", () => run(bun, "slim.mjs"));
  } else skip("Bun", "npm ci --ignore-scripts --prefix test/smoke");
  const cloudflare = join(tools, "@cloudflare/workerd-linux-64/bin/workerd");
  if (existsSync(cloudflare)) await row("workerd", "slim, a module of its configuration", () => workerd(cloudflare));
  else skip("workerd", "npm ci --ignore-scripts --prefix test/smoke");
}

/** Both packages in an empty folder: the command of the library hands over to the command line. */
async function commandLine() {
  const cwd = join(folder, "command-line");
  mkdirSync(cwd);
  writeFileSync(join(cwd, "package.json"), '{ "private": true }');
  const tarballs = [await pack(root), await pack(join(root, "packages/cli"))];
  const flags = ["install", "--ignore-scripts", "--no-audit", "--no-fund"];
  await execute("npm", [...flags, ...tarballs.map((name) => join(folder, name))], { cwd, timeout: TIMEOUT_MS });
  const call = async (args) =>
    (await execute("npx", ["--no-install", ...args], { cwd, timeout: TIMEOUT_MS })).stdout.trim();
  cpSync(join(root, "examples/data/mcycle.csv"), join(cwd, "mcycle.csv"));
  const fit = ["fit", "mcycle.csv", "--target", "accel", "--save", "model.json", "--plot", "fit.svg", "--json"];
  const { variant, leaveOneOut } = JSON.parse(await call(["ntk-wasm", ...fit]));
  const lines = (await call(["ntk-wasm-cli", "predict", "model.json", "mcycle.csv"])).split("\n");
  if (lines.length !== 134 || lines[0] !== "mean,sd,lower,upper") throw new Error(lines.slice(0, 3).join("\n"));
  if (!readFileSync(join(cwd, "fit.svg"), "utf8").includes("<circle")) throw new Error("the picture is empty");
  return `fitted with ${variant}, R² ${leaveOneOut[0].r2.toFixed(2)}`;
}

/** Runners that give each test file a realm of its own. */
async function runners() {
  if (!existsSync(join(tools, "jest"))) {
    skip("jest, vitest", "npm ci --ignore-scripts --prefix test/smoke");
    return;
  }
  const spec = "realm.test.mjs";
  for (const environment of ["node", "jsdom"]) {
    await row("jest", environment, async () => {
      const testEnvironment = require.resolve(`jest-environment-${environment}`);
      const moduleFileExtensions = ["mjs", "js"];
      const config = {
        rootDir: folder,
        testEnvironment,
        transform: {},
        testMatch: [`**/${spec}`],
        moduleFileExtensions,
      };
      const path = join(tools, "jest/bin/jest.js");
      await run(process.execPath, "--experimental-vm-modules", path, "--config", JSON.stringify(config));
      return "fitted";
    });
  }
  await row("vitest", "vmThreads", async () => {
    const flags = ["run", "--root", folder, "--globals", "--pool", "vmThreads", spec];
    await run(process.execPath, join(tools, "vitest/vitest.mjs"), ...flags);
    return "fitted";
  });
}

/** The least TypeScript that the README promises, one between, the one of this project, and the newest. */
const TYPESCRIPTS = { 5.4: tools, 5.9: tools, "": join(root, "node_modules"), 7: tools };

async function types() {
  const options = { noEmit: true, strict: true, target: "es2022", lib: ["es2022"], module: "nodenext", types: [] };
  const config = { compilerOptions: { ...options, skipLibCheck: false }, files: ["consumer.mts"] };
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(config));
  for (const [version, modules] of Object.entries(TYPESCRIPTS)) {
    const path = join(modules, version === "" ? "typescript" : `typescript-${version}`);
    if (!existsSync(path)) {
      skip(`TypeScript ${version}`, "npm ci --ignore-scripts --prefix test/smoke");
      continue;
    }
    const { version: exact } = JSON.parse(readFileSync(join(path, "package.json"), "utf8"));
    await row(`TypeScript ${exact}`, "lib es2022, no DOM, all declarations checked", async () => {
      try {
        await run(process.execPath, join(path, "bin/tsc"), "-p", "tsconfig.json");
      } catch ({ stdout, message }) {
        throw new Error(stdout || message);
      }
      return "compiles";
    });
  }
}

async function pages(browser, address) {
  const { version } = browser;
  const policy = `CSP, ${version.split(" ")[0]}`;
  if (existsSync(tools)) {
    for (const [name, bundle] of Object.entries(BUNDLERS)) {
      await row(name, version, async () => {
        const file = join(folder, bundled(name));
        if (!existsSync(file)) await bundle(file);
        return open(browser, `${address}/${html(`${name.replace(/\W/g, "-")}.html`, script(bundled(name)))}`);
      });
    }
    await row("Vite dev", version, async () => {
      const vite = await tool("vite");
      html("index.html", script("page.mjs"));
      const server = await vite.createServer({
        root: folder,
        logLevel: "error",
        server: { port: 0, host: "127.0.0.1" },
      });
      await server.listen();
      try {
        return await open(browser, `http://127.0.0.1:${server.httpServer.address().port}/`);
      } finally {
        await server.close();
      }
    });
    const path = bundled("esbuild");
    await row(policy, BLOB, () => open(browser, `${address}/${html("csp/blob/page.html", script(path))}`));
    for (const how of ["url", "worker"]) {
      await row(policy, `'self' alone, loadInWorker({ ${how} })`, () => {
        const tag = `<script type="module" src="/${path}" data-worker="${how}" data-address="${WORKER}"></script>`;
        return open(browser, `${address}/${html(`csp/${how}.html`, tag)}`);
      });
    }
    await row(policy, `${BLOB}, no 'wasm-unsafe-eval': js`, async () => {
      const said = await open(browser, `${address}/${html("csp/js/page.html", script(path))}`);
      if (!/^fitted with js \(WebAssembly does not run here: .*'wasm-unsafe-eval'/.test(said)) throw new Error(said);
      return "fitted with js";
    });
    await row(policy, "'self' alone: an error that says what to do", async () => {
      const said = await open(browser, `${address}/${html("csp/none.html", script(path))}`).catch(
        ({ message }) => message,
      );
      if (!/failed: the worker does not run: .*worker-src blob:/.test(said)) throw new Error(said);
      return "refused";
    });
    await row("Web Worker", version, () => {
      const code = `new Worker("/${path}", { type: "module" }).onmessage = ({ data }) => { document.title = data; };`;
      return open(browser, `${address}/${html("worker.html", `<script>${code}</script>`)}`);
    });
  } else skip("bundlers", "npm ci --ignore-scripts --prefix test/smoke");
  await row("plain modules, import map", version, () => {
    const map = `<script type="importmap">${JSON.stringify({ imports: IMPORTS })}</script>`;
    return open(browser, `${address}/${html("plain.html", map + script("page.mjs"))}`);
  });
  await row("a page of the guides", version, () => {
    const guide = readFileSync(join(root, "docs/embedding.md"), "utf8");
    const page = /```html\n<!doctype html>\n([\s\S]*?)```/.exec(guide)[1];
    const told = (text) => (/^0\.\d\d ± 0\.\d\d$/.test(text) ? `fitted: ${text}` : `it says ${text}`);
    const wait = "while (!said.value) await new Promise((resolve) => setTimeout(resolve, 20));";
    const tell = `<script type="module">${wait} document.title = (${told})(said.value);</script>`;
    return open(browser, `${address}/${html("guide.html", page + tell)}`);
  });
}

try {
  await install();
  await types();
  await runtimes();
  await row("npx ntk-wasm fit, predict", "both packages", commandLine);
  await runners();
  const server = await serve();
  for (const { name, path, missing, launch } of BROWSERS) {
    if (!existsSync(path)) {
      skip(`bundlers and pages, ${name}`, missing);
      continue;
    }
    const browser = await launch(path);
    await pages(browser, server.url.slice(0, -1));
    await browser.close();
  }
  server.close();
} finally {
  rmSync(folder, { recursive: true, force: true });
}
for (const { where, what, result, ms } of rows)
  console.log(`${where.padEnd(26)} ${what.padEnd(46)} ${result}${ms === undefined ? "" : ` (${ms} ms)`}`);
const failed = rows.filter((one) => one.failed).length + wanting;
console.log(`${rows.filter((one) => !one.failed && !one.skipped).length} passed, ${failed} failed`);
process.exit(failed > 0 ? 1 : 0);
