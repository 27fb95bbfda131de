// Debian's redis-server, which the cluster's tests and its example start for themselves; REDIS_SERVER names another
// one.
import { spawn } from "node:child_process";
import { connect, createServer } from "node:net";

export const REDIS = process.env.REDIS_SERVER ?? "/usr/bin/redis-server";

/** A port of this machine that is free now. */
function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

/** Whether something listens at a port. */
function listens(port) {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}

/**
 * A Redis with append-only persistence in `folder`: its address, and functions that end it with a signal and start it
 * again at the same place.
 */
export async function startRedis(folder) {
  const port = await freePort();
  const flags = ["--port", port, "--bind", "127.0.0.1", "--dir", folder, "--appendonly", "yes", "--save", ""];
  let child;
  const start = async () => {
    child = spawn(REDIS, flags.map(String), { stdio: "ignore" });
    let failed;
    child.once("error", (error) => {
      failed = error;
    });
    while (!(await listens(port))) {
      if (failed) throw failed;
      if (child.exitCode !== null) throw new Error(`redis-server ended with status ${child.exitCode}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  const stop = (signal = "SIGTERM") =>
    new Promise((resolve) => {
      if (child.exitCode !== null || child.signalCode !== null) return resolve();
      child.once("exit", resolve);
      child.kill(signal);
    });
  await start();
  return { url: `redis://127.0.0.1:${port}`, start, stop };
}
