#!/usr/bin/env python3
"""examples/nginx.conf with the real nginx: no request fails while instances end, are killed and come back."""

import http.client
import json
import os
import re
import signal
import socket
import ssl
import subprocess
import threading
import time

from support import BAD, EXAMPLES, GOOD, PATIENCE, Daemon, ExampleTest, main, needs

NAME = "quantconf.example.org"
CLIENTS = 6
# Between two events, of each client: so every process of nginx has turned, and seen which kept connections have ended.
REQUESTS = 20
ROUNDS = 3

MAIN = """
{user}
daemon off;
pid nginx.pid;
error_log error.log;
worker_processes 2;
events {{ worker_connections 256; }}
http {{
	log_format upstream '$request_uri $status: $upstream_status';
	access_log access.log upstream;
	client_body_temp_path body;
	proxy_temp_path proxy;
	fastcgi_temp_path fastcgi;
	uwsgi_temp_path uwsgi;
	scgi_temp_path scgi;
	include quantconf.conf;
}}
"""


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as held:
        return held.getsockname()[1]


class Load:
    """Clients that ask the same over kept connections until told to stop, and remember every answer that is not the right one."""

    def __init__(self, connect, expected):
        self.connect = connect
        self.expected = expected
        self.answered = [0] * CLIENTS
        self.answer = threading.Condition()
        self.wrong = []
        self.over = threading.Event()
        self.threads = [threading.Thread(target=self.ask_on, args=(index,)) for index in range(CLIENTS)]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        for thread in self.threads:
            thread.join(4 * PATIENCE)

    def ask_on(self, index):
        with open(GOOD, "rb") as file:
            config = file.read()
        connection = self.connect()
        while not self.over.is_set():
            try:
                connection.request("POST", "/v1/resolve", config)
                reply = connection.getresponse()
                answer = (reply.status, reply.read())
            except (OSError, http.client.HTTPException) as error:
                answer = error
                connection.close()
            with self.answer:
                self.answered[index] += 1
                if answer != (200, self.expected):
                    self.wrong.append(answer)
                self.answer.notify_all()
        connection.close()

    def wait(self):
        """Until each has so many more answers."""
        with self.answer:
            before = list(self.answered)

            def all_have():
                return all(now - then >= REQUESTS for now, then in zip(self.answered, before))

            if not self.answer.wait_for(all_have, 4 * PATIENCE):
                raise AssertionError("nothing is answered any more")


@needs("nginx", "openssl")
class Nginx(ExampleTest):
    def setUp(self):
        super().setUp()
        self.instances = [Daemon(), Daemon()]
        for daemon in self.instances:
            daemon.__enter__()
        self.addCleanup(self.end_instances)
        self.make_certificate()
        self.begin_nginx()

    def end_instances(self):
        for daemon in self.instances:
            daemon.process.kill()
            daemon.process.wait(PATIENCE)
            daemon.reader.join(PATIENCE)
            daemon.process.stderr.close()

    def make_certificate(self):
        result = self.run_it(
            *"openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2".split(),
            *f"-subj /CN={NAME} -addext subjectAltName=DNS:{NAME} -keyout key.pem -out certificate.pem".split(),
        )
        self.assertEqual(result.returncode, 0, result.stderr)

    def example(self):
        """The example, with the ports and files of this test in place of its own."""
        with open(os.path.join(EXAMPLES, "nginx.conf"), encoding="utf-8") as file:
            text = file.read()
        for pattern, ours in (
            (r"listen 443 ssl;", f"listen 127.0.0.1:{self.port} ssl;"),
            (r"server 127\.0\.0\.1:8642 ", f"server 127.0.0.1:{self.instances[0].port} "),
            (r"server 127\.0\.0\.1:8643 ", f"server 127.0.0.1:{self.instances[1].port} "),
            (r"/etc/ssl/certs/quantconf\.pem", self.path("certificate.pem")),
            (r"/etc/ssl/private/quantconf\.key", self.path("key.pem")),
        ):
            text, count = re.subn(pattern, ours, text)
            self.assertEqual(count, 1, pattern)
        return text

    def begin_nginx(self):
        self.port = free_port()
        self.write("quantconf.conf", self.example())
        self.write("nginx.conf", MAIN.format(user="user root;" if os.geteuid() == 0 else ""))
        command = ["nginx", "-p", self.folder, "-c", "nginx.conf", "-e", "error.log"]
        result = self.run_it(*command, "-t")
        self.assertEqual(result.returncode, 0, result.stderr)
        nginx = subprocess.Popen(command, env=self.environment(), stderr=subprocess.DEVNULL)
        self.addCleanup(nginx.wait, PATIENCE)
        self.addCleanup(nginx.terminate)
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), PATIENCE).close()
                return
            except ConnectionRefusedError:
                self.assertLess(time.monotonic(), deadline, "nginx does not listen")
                time.sleep(0.05)

    def connect(self, name=NAME):
        """A connection that checks the certificate; `name` goes into the Host field."""
        context = ssl.create_default_context(cafile=self.path("certificate.pem"))
        connection = http.client.HTTPSConnection(name, timeout=PATIENCE, context=context)

        def to_nginx(*_, **__):
            return socket.create_connection(("127.0.0.1", self.port), PATIENCE)

        connection._create_connection = to_nginx  # pylint: disable=protected-access
        return connection

    def ask(self, method, path, body=None, **headers):
        connection = self.connect()
        self.addCleanup(connection.close)
        connection.request(method, path, body, headers)
        reply = connection.getresponse()
        return reply.status, reply.headers, reply.read()

    def resolve(self, config, **headers):
        with open(config, "rb") as file:
            return self.ask("POST", "/v1/resolve", file.read(), **headers)

    def restart(self, index, number):
        """After a signal, at the same address as before."""
        ended = self.instances[index]
        status = ended.process.wait(PATIENCE)
        self.assertEqual(status, 0 if number == signal.SIGTERM else -number, ended.log())
        ended.reader.join(PATIENCE)
        ended.process.stderr.close()
        self.instances[index] = Daemon(listen=f"127.0.0.1:{ended.port}")
        self.instances[index].__enter__()

    def test_passes_on_what_matters(self):
        status, headers, body = self.resolve(BAD, **{"X-Request-Id": "an-id-of-mine"})
        self.assertEqual((status, json.loads(body)["status"]), (422, "rejected"))
        self.assertEqual(headers["X-Request-Id"], "an-id-of-mine")
        status, headers, body = self.resolve(GOOD, Accept="text/plain")
        self.assertEqual((status, headers.get_content_type()), (200, "text/plain"))
        self.assertRegex(headers["X-Request-Id"], "^[0-9a-f]{32}$")
        self.assertEqual(self.ask("GET", "/readyz")[0], 200)
        self.assertEqual(self.ask("GET", "/metrics")[0], 404)

    def test_limits_are_those_of_the_daemon(self):
        status, headers, body = self.ask("POST", "/v1/resolve", b"#" * (1 << 20) + b"\na: b\n")
        self.assertEqual((status, headers.get_content_type()), (413, "application/problem+json"))
        self.assertEqual(json.loads(body)["type"], "urn:quantconf:problem:body-too-large")
        status, _, _ = self.ask("POST", "/v1/inspect", b'{"model_type": "llama", "a": "' + b"x" * (8 << 20) + b'"}')
        self.assertEqual(status, 200)

    def test_other_names_are_refused(self):
        connection = self.connect()
        self.addCleanup(connection.close)
        connection.request("GET", "/healthz", headers={"Host": "elsewhere.example.org"})
        self.assertEqual(connection.getresponse().status, 421)

    def test_a_batch_goes_through_in_chunks(self):
        connection = self.connect()
        self.addCleanup(connection.close)
        items = (b'{"config": "adapter: lora\\n"}\n' for _ in range(3000))
        headers = {"Content-Type": "application/x-ndjson", "Accept": "application/x-ndjson"}
        connection.request("POST", "/v1/batch", items, headers, encode_chunked=True)
        reply = connection.getresponse()
        self.assertEqual((reply.status, reply.headers["Transfer-Encoding"]), (200, "chunked"))
        lines = reply.read().splitlines()
        self.assertEqual(json.loads(lines[0])["status"], "ok")
        self.assertEqual((len(lines), json.loads(lines[-1])["ok"]), (3001, 3000))

    def test_no_request_fails_while_instances_come_and_go(self):
        status, _, expected = self.resolve(GOOD)
        self.assertEqual(status, 200)
        with Load(self.connect, expected) as load:
            load.wait()
            for number in (signal.SIGTERM, signal.SIGKILL) * ROUNDS:
                for index in 0, 1:
                    self.instances[index].signal(number)
                    load.wait()
                    self.restart(index, number)
                    load.wait()
        self.assertEqual(load.wrong, [])
        lines = self.read("access.log").splitlines()
        retried = [line for line in lines if re.fullmatch(r"/v1/resolve 200: 502, 200", line)]
        self.assertTrue(retried, "nginx never had to ask the other instance: nothing was tested")
        print(f"{len(lines)} requests, {len(retried)} of them asked again of the other instance")


if __name__ == "__main__":
    main()
