// Asks quantconfd about a config: resolve() for a web back end, or `node resolve.mjs config.yaml` (Node 18 or newer).
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

const service = process.env.QUANTCONF_URL ?? "http://127.0.0.1:8642";
const headers = { "Content-Type": "application/yaml" };
if (process.env.QUANTCONF_TOKEN) headers.Authorization = `Bearer ${process.env.QUANTCONF_TOKEN}`;

// The resolution of a config. Throws when there is none: no service, a problem (then it is the error's `problem`), or
// the answer of something else.
export async function resolve(config) {
  const signal = AbortSignal.timeout(10_000);
  const reply = await fetch(`${service}/v1/resolve`, { method: "POST", headers, body: config, signal });
  // 422 and 400 tell of the config: they carry a resolution. Else it is a problem, or some proxy's page.
  const answer = reply.headers.get("Content-Type")?.includes("json") ? await reply.json() : null;
  if (answer?.errors) return answer;
  const error = new Error(`${service} answers ${reply.status}: ${answer?.detail ?? "no resolution"}`);
  throw Object.assign(error, { problem: answer });
}

// One line for a person: place, severity, what is wrong and what to do.
export function describe({ severity, message, remedy, locations }) {
  const at = locations.find((location) => location.line);
  return `${at ? `${at.line}:${at.column}: ` : ""}${severity}: ${message}\n  help: ${remedy}`;
}

async function main(path) {
  const { status, errors, warnings } = await resolve(await readFile(path));
  for (const finding of [...errors, ...warnings]) console.log(`${path}:${describe(finding)}`);
  return status === "ok" ? 0 : 1;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const path = process.argv[2];
  if (!path) console.error("usage: resolve.mjs CONFIG");
  const status = path && main(path).catch((error) => {
    console.error(`${path}: not checked: ${error.cause ?? error}`);
  });
  process.exitCode = (await status) ?? 2;
}
