// A web form in front of quantconfd: `node form.mjs`, then open http://127.0.0.1:8080 and paste a config.
// The browser never talks to quantconfd itself; that may stay on loopback, or want a token that only this side has.
import { createServer } from "node:http";
import { describe, resolve } from "./resolve.mjs";

const mostLetters = 4 << 20; // 1 MiB, each letter perhaps as %XX, and some room
const escape = (words) => words.replace(/[&<>"]/g, (letter) => `&#${letter.charCodeAt()};`);

const page = (config, answer) => `<!doctype html>
<meta charset="utf-8"><title>Check a training config</title>
<form method="post"><textarea name="config" rows="24" cols="80">
${escape(config)}</textarea><p><button>Check</button></form>
${answer}`;

function show({ status, errors, warnings, effective }) {
  const findings = [...errors, ...warnings].map((finding) => `<li><pre>${escape(describe(finding))}</pre>`);
  const installed = effective?.quantization.installs ? JSON.stringify(effective.quantization.installs) : "nothing";
  return `<h2>${status}</h2><ul>${findings.join("")}</ul>${effective ? `<p>Installed: ${escape(installed)}` : ""}`;
}

// What the browser is answered: the status says whether the config may train, too.
async function answer(config) {
  try {
    const resolution = await resolve(config);
    return [resolution.status === "ok" ? 200 : 422, show(resolution)];
  } catch (error) {
    const { status, title, detail } = error.problem ?? {};
    if (status === 413) return [413, `<h2>${escape(title)}</h2><p>${escape(detail)}`];
    console.error(error);
    return [503, "<h2>The config could not be checked. Please try again in a minute.</h2>"];
  }
}

async function serve(request, response) {
  const send = (status, body) => response.writeHead(status, { "Content-Type": "text/html; charset=utf-8" }).end(body);
  let form = "";
  for await (const piece of request.setEncoding("utf8")) if (form.length <= mostLetters) form += piece;
  if (form.length > mostLetters) return send(413, "A config has at most 1 MiB.");
  if (request.method !== "POST") return send(200, page("", ""));
  const config = new URLSearchParams(form).get("config") ?? "";
  const [status, result] = await answer(config);
  send(status, page(config, result));
}

// A visitor who leaves in the middle ends only his own request.
const server = createServer((request, response) => serve(request, response).catch(() => response.destroy()));
server.listen(process.env.PORT ?? 8080, "127.0.0.1", () => console.log(`http://127.0.0.1:${server.address().port}`));
