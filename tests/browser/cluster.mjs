import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const kRoot = join(dirname(fileURLToPath(import.meta.url)), '../..');

// The cluster under test: one that runs ($CHAT_API, and $CHATCLUSTER_DIR for what is killed), else one of its own from the
// demo sample, in a folder that is gone afterwards.
export function openCluster() {
  const name = process.env.CHATCLUSTER_NAME ?? 'demo';
  const { CHAT_API: api, CHATCLUSTER_DIR: dir } = process.env;
  if (api && dir) return { api, gateway: gatewayIn(dir, name), close() {} };

  const chatctl = process.env.CHATCTL ?? join(kRoot, 'build/release/bin/chatctl');
  const own = mkdtempSync(join(tmpdir(), 'chatcluster-browser-'));
  execFileSync('chmod', ['755', own]);  // the database's user must get through
  const run = (...args) => execFileSync(chatctl, [...args, '--dir', own], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
  const close = () => {
    run('down', '--purge');
    rmSync(own, { recursive: true, force: true });
  };
  try {
    run('up', join(kRoot, 'manifests/samples/demo.yaml'), '--detach');
    const document = JSON.parse(run('get', 'chatcluster', name, '-o', 'json'));
    return { api: document.status.endpoints.api, gateway: gatewayIn(own, name), close };
  } catch (error) {
    close();
    throw error;
  }
}

// kill: as a machine that loses power would, by the pid that the operator wrote down.
function gatewayIn(dir, cluster) {
  return {
    kill(name) {
      const { pid } = JSON.parse(readFileSync(join(dir, 'clusters', cluster, 'run', `${name}.json`), 'utf8'));
      process.kill(pid, 'SIGKILL');
      return pid;
    },
  };
}
