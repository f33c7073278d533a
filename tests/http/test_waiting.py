"""Large requests and models that are read for the first time: who waits for whom, and who does not."""

import ctypes
import json
import os
import socket
import tempfile
import time
import unittest

import certificates
from daemon import BUILD, PATIENCE, Daemon, read_head, read_reply

LARGE = "base_model: example/model\nadapter: lora\nvalues: [" + "1, " * 20000 + "1]\n"
SMALL = "base_model: example/model\nadapter: qlora\nload_in_4bit: true\n"
HEALTH = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"

PTRACE_DETACH, PTRACE_SEIZE, PTRACE_INTERRUPT = 17, 0x4206, 0x4207
WALL = 0x40000000


def post(body=LARGE, path="/v1/resolve?checkpoint=none", name="nobody"):
    """`name`: what it is called in the log."""
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nX-Request-Id: {name}\r\nContent-Length: {len(body)}"
    return f"{head}\r\n\r\n{body}".encode()


def metric(daemon, name):
    text = daemon.get("/metrics").body.decode()
    return int(text.partition(f"\n{name} ")[2].partition("\n")[0])


def waiting(daemon):
    return metric(daemon, "quantconf_http_requests_waiting")


def wait_for(what):
    deadline = time.monotonic() + PATIENCE
    while not what():
        if time.monotonic() > deadline:
            raise AssertionError("it does not come")
        time.sleep(0.01)


class Held:
    """The daemon's computing threads, stopped as by a debugger; all of them, or so many."""

    def __init__(self, daemon, count=None):
        self.libc = ctypes.CDLL(None, use_errno=True)
        self.libc.ptrace.argtypes = [ctypes.c_long] * 4
        folder = f"/proc/{daemon.process.pid}/task"
        self.threads = []
        for thread in sorted(os.listdir(folder), key=int):
            with open(f"{folder}/{thread}/comm", encoding="ascii") as file:
                if file.read() == "compute\n":
                    self.threads.append(int(thread))
        assert self.threads
        self.threads = self.threads[:count]

    def __enter__(self):
        for thread in self.threads:
            if self.libc.ptrace(PTRACE_SEIZE, thread, 0, 0) != 0:
                raise unittest.SkipTest("no threads of others can be stopped here")
            self.libc.ptrace(PTRACE_INTERRUPT, thread, 0, 0)
            os.waitpid(thread, WALL)
        return self

    def release(self):
        for thread in self.threads:
            self.libc.ptrace(PTRACE_DETACH, thread, 0, 0)
        self.threads = []

    def __exit__(self, *_):
        self.release()


class Asked:
    """Requests that were sent, and whose replies are read later."""

    def __init__(self, daemon, requests, host=None):
        self.peers = []
        for data in requests:
            if host:
                peer = socket.create_connection((daemon.host, daemon.port), PATIENCE, (host, 0))
            else:
                peer = daemon.connect()
            peer.sendall(data)
            self.peers.append(peer)

    def replies(self):
        found = []
        for peer in self.peers:
            with peer, peer.makefile("rb") as stream:
                found.append(read_reply(stream))
        return found

    def statuses(self):
        return [reply.status for reply in self.replies()]


class Models:
    """A model root. Each model has as many tensors as are asked for."""

    def __init__(self, *names, tensors=1):
        self.folder = tempfile.TemporaryDirectory()
        self.options = ("--model-root", self.folder.name)
        for name in names:
            folder = os.path.join(self.folder.name, "org", name)
            os.makedirs(folder)
            index = {f"model.layers.{i}.mlp.gate_proj.weight": "model-1.safetensors" for i in range(tensors)}
            with open(os.path.join(folder, "config.json"), "w", encoding="ascii") as file:
                json.dump({"model_type": "llama", "quantization_config": {"quant_method": "fp8"}}, file)
            with open(os.path.join(folder, "model.safetensors.index.json"), "w", encoding="ascii") as file:
                json.dump({"weight_map": index}, file)
        time.sleep(0.1)  # what changed just now is not kept

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.folder.cleanup()

    def slow(self, **milliseconds):
        """The environment of a daemon for which these take as long: SLOW_READ, SLOW_LOOK."""
        library = os.path.join(os.path.dirname(os.path.abspath(BUILD)), "tests", "chaos", "slow_storage.so")
        if not os.path.exists(library):
            raise unittest.SkipTest(f"{library} is not built: make check builds it")
        # Names in LD_PRELOAD are separated by blanks.
        link = os.path.join(self.folder.name, "slow_storage.so")
        if not os.path.exists(link):
            os.symlink(library, link)
        # A build with sanitizers wants its own library first, but works without.
        asan = os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0"
        return {"LD_PRELOAD": link, "ASAN_OPTIONS": asan, **{name: str(value) for name, value in milliseconds.items()}}

    def add_shards(self, name, count):
        for i in range(count):
            with open(os.path.join(self.folder.name, "org", name, f"model-{i}.safetensors"), "wb") as file:
                file.write((2).to_bytes(8, "little") + b"{}")
        time.sleep(0.1)

    def config(self, name):
        return f"base_model: org/{name}\nadapter: lora\n"


class Waiting(unittest.TestCase):
    def test_nobody_else_waits(self):
        """While one client's large requests wait, everything else is answered, though nothing is computed."""
        with Daemon("--workers", "1") as daemon:
            good = daemon.resolve(SMALL).body
            with Held(daemon) as held:
                asked = Asked(daemon, [post()] * 20)
                wait_for(lambda: waiting(daemon) == 20)
                for _ in range(5):
                    self.assertEqual(daemon.get("/healthz").status, 200)
                    self.assertEqual(daemon.resolve(SMALL).body, good)
                    self.assertEqual(daemon.get("/v1/rules").status, 200)
                self.assertEqual(waiting(daemon), 20)
                held.release()
                replies = asked.replies()
            self.assertEqual([reply.status for reply in replies], [200] * 20)
            self.assertRegex(replies[0].headers["server-timing"], r"receive;dur=.*wait;dur=.*resolve;dur=")
            self.assertEqual(waiting(daemon), 0)

    def test_each_client_has_its_turn(self):
        """Who comes last, and alone, does not wait for all of those who came in numbers before."""
        with Daemon("--workers", "1") as daemon:
            with Held(daemon) as held:
                many = Asked(daemon, [post()] * 10, "127.0.0.2")
                wait_for(lambda: waiting(daemon) == 10)
                one = Asked(daemon, [post(name="one")], "127.0.0.3")
                wait_for(lambda: waiting(daemon) == 11)
                held.release()
                self.assertEqual(one.statuses() + many.statuses(), [200] * 11)
            daemon.wait_for_log("id=one")
            order = [line for line in daemon.log().splitlines() if "route=/v1/resolve" in line]
            # The second, by right; the log has them as their worker sees that they are done.
            self.assertIn("id=one", "".join(order[:5]), order)

    def test_no_place(self):
        """The last of those who have most goes without, whoever comes."""
        with Daemon("--workers", "1", "--limit-waiting", "3") as daemon, Held(daemon) as held:
            many = Asked(daemon, [post()] * 3, "127.0.0.2")
            wait_for(lambda: waiting(daemon) == 3)
            over = Asked(daemon, [post()], "127.0.0.2").replies()[0]
            self.assertEqual((over.status, over.slug), (503, "overloaded"))
            self.assertEqual(over.headers["retry-after"], "1")
            self.assertIn("limit-waiting", over.json["detail"])
            one = Asked(daemon, [post()], "127.0.0.3")
            told = many.peers.pop()
            with told, told.makefile("rb") as stream:
                self.assertEqual(read_reply(stream).slug, "overloaded")
            self.assertEqual(waiting(daemon), 3)
            held.release()
            self.assertEqual(one.statuses() + many.statuses(), [200] * 3)

    def test_nothing_is_computed_for_nobody(self):
        with Daemon("--workers", "1") as daemon, Held(daemon) as held:
            gone = Asked(daemon, [post()] * 5)
            stays = Asked(daemon, [post()] * 2)
            wait_for(lambda: waiting(daemon) == 7)
            for peer in gone.peers:
                peer.close()
            wait_for(lambda: waiting(daemon) == 2)
            held.release()
            self.assertEqual(stays.statuses(), [200] * 2)
            wait_for(lambda: metric(daemon, "quantconf_connections") == 1)
            self.assertEqual(metric(daemon, 'quantconf_resolutions_total{status="ok"}'), 2)
            self.assertEqual(daemon.log().count("ended=client-gone"), 5)

    def test_a_client_goes_while_it_is_served(self):
        """Nothing turns around meanwhile, and nobody else notices."""
        with Daemon("--workers", "1") as daemon:
            for _ in range(20):
                gone = Asked(daemon, [post()] * 3)
                for peer in gone.peers:
                    peer.close()
            self.assertEqual(daemon.resolve(LARGE, "?checkpoint=none").status, 200)
            wait_for(lambda: metric(daemon, "quantconf_connections") == 1)

    def test_a_client_that_ends_its_side_is_answered(self):
        """As `nc -N` does: all is sent, and it waits for the reply."""
        with Models("cold", tensors=1000) as models, Daemon("--workers", "1", *models.options) as daemon:
            batch = post("---\n".join([SMALL, LARGE, SMALL, LARGE]), "/v1/batch?checkpoint=none")
            old = post().replace(b"HTTP/1.1", b"HTTP/1.0")
            cold = post(models.config("cold"), "/v1/resolve")
            requests = [post(), old, batch, cold]
            with Held(daemon) as held:
                asked = Asked(daemon, requests)
                wait_for(lambda: waiting(daemon) == 4)
                for peer in asked.peers:
                    peer.shutdown(socket.SHUT_WR)
                self.assertEqual(daemon.get("/healthz").status, 200)
                self.assertEqual(waiting(daemon), 4)
                held.release()
                self.assertEqual(asked.statuses(), [200] * 4)
            for pause in (0, 0.001, 0.003) * 10:
                asked = Asked(daemon, [post(), batch])
                time.sleep(pause)
                for peer in asked.peers:
                    peer.shutdown(socket.SHUT_WR)
                self.assertEqual(asked.statuses(), [200] * 2)
            self.assertNotIn("ended=", daemon.log())
            wait_for(lambda: metric(daemon, "quantconf_connections") == 1)

    def test_on_a_unix_socket(self):
        """There it is plain who has gone, and who only ended its side."""
        with tempfile.TemporaryDirectory() as folder:
            with Daemon("--workers", "1", listen=f"unix:{folder}/socket") as daemon, Held(daemon) as held:
                gone, stays = Asked(daemon, [post()] * 2), Asked(daemon, [post()] * 2)
                wait_for(lambda: waiting(daemon) == 4)
                for peer in gone.peers:
                    peer.close()
                for peer in stays.peers:
                    peer.shutdown(socket.SHUT_WR)
                wait_for(lambda: waiting(daemon) == 2)
                held.release()
                self.assertEqual(stays.statuses(), [200] * 2)

    def test_what_comes_behind_it_waits_too(self):
        """Of one client, on one connection: replies come in the order of the requests."""
        with Daemon("--workers", "1") as daemon, Held(daemon) as held:
            batch = post("---\n".join([SMALL, LARGE]), "/v1/batch?checkpoint=none")
            asked = post(SMALL) + post() + HEALTH + batch + post() + HEALTH
            with daemon.connect() as peer, peer.makefile("rb") as stream:
                peer.sendall(asked)
                wait_for(lambda: waiting(daemon) == 1)
                held.release()
                replies = [read_reply(stream) for _ in range(6)]
            self.assertEqual([reply.status for reply in replies], [200] * 6)
            self.assertEqual(replies[2].json, {"status": "ok"})
            self.assertEqual(replies[5].json, {"status": "ok"})
            self.assertEqual(replies[1].json["canonical"], replies[4].json["canonical"])

    def test_the_drain_waits(self):
        with Daemon("--workers", "2") as daemon, Held(daemon) as held:
            asked = Asked(daemon, [post()] * 10)
            wait_for(lambda: waiting(daemon) == 10)
            daemon.signal()
            time.sleep(1)  # longer than idle connections have
            held.release()
            self.assertEqual(asked.statuses(), [200] * 10)
            self.assertEqual(daemon.process.wait(PATIENCE), 0)

    def test_the_drain_is_bounded(self):
        for signals in (1, 2):
            options = ("--drain-timeout", "1") if signals == 1 else ()
            with Daemon("--workers", "1", *options) as daemon, Held(daemon):
                asked = Asked(daemon, [post()] * 10)
                wait_for(lambda: waiting(daemon) == 10)
                for _ in range(signals):
                    daemon.signal()
                    time.sleep(0.1)
                for reply in asked.replies():
                    self.assertEqual((reply.status, reply.slug), (503, "overloaded"))
                    self.assertIn("the daemon stops", reply.json["detail"])
                    self.assertEqual(reply.headers["connection"], "close")
            self.assertEqual(daemon.log().count("status=503"), 10)

    def test_the_drain_does_not_wait_for_slow_storage(self):
        """Neither after its time nor after a second signal, though the model takes a minute to read."""
        with Models("slow") as models:
            models.add_shards("slow", 300)
            for signals in (1, 2):
                options = ("--drain-timeout", "1") if signals == 1 else ()
                with Daemon("--workers", "1", *models.options, *options, env=models.slow(SLOW_READ=100)) as daemon:
                    request = b"GET /v1/inspect?model=org/slow HTTP/1.1\r\nHost: localhost\r\n\r\n"
                    read = Asked(daemon, [request])
                    wait_for(lambda: metric(daemon, "quantconf_http_requests_in_flight") == 2)
                    waits = Asked(daemon, [request])
                    wait_for(lambda: waiting(daemon) == 1)
                    for _ in range(signals):
                        daemon.signal()
                        time.sleep(0.1)
                    self.assertEqual(waits.statuses(), [503])
                    with read.peers[0] as peer:
                        self.assertEqual(peer.recv(100), b"")
                    self.assertEqual(daemon.process.wait(PATIENCE), 0)
                    daemon.wait_for_log("stopped in the middle")

    def test_too_long(self):
        options = ("--workers", "1", "--request-timeout", "1")
        with Models("cold") as models, Daemon(*options, *models.options) as daemon, Held(daemon) as held:
            reply = Asked(daemon, [post()]).replies()[0]
            self.assertEqual((reply.status, reply.slug), (503, "overloaded"))
            self.assertIn("request-timeout", reply.json["detail"])
            peer = daemon.connect()
            with peer, peer.makefile("rb") as stream:
                peer.sendall(post(SMALL + "---\n" + models.config("cold"), "/v1/batch"))
                self.assertEqual(read_head(stream)[0], 200)
                self.assertIn(b'"status":"ok"', stream.readline() + stream.readline())
                stream.read()  # it is cut off
            held.release()
            self.assertEqual(daemon.resolve(LARGE, "?checkpoint=none").status, 200)

    def test_a_late_reply_can_be_read(self):
        """It is ready after request-timeout, and its client is no faster."""
        with Models("slow") as models:
            models.add_shards("slow", 10)
            large = models.config("slow") + f"# {'x' * 100}\n" * 100000
            options = ("--workers", "1", "--request-timeout", "1", "--limit-config", "16MiB", *models.options)
            with Daemon(*options, env=models.slow(SLOW_READ=100)) as daemon:
                with socket.socket() as peer:
                    peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                    peer.connect((daemon.host, daemon.port))
                    peer.settimeout(PATIENCE)
                    peer.sendall(post(large, "/v1/resolve?include=migrated"))
                    peer.recv(1, socket.MSG_PEEK)
                    time.sleep(2)  # until it was looked at whether that is too late
                    with peer.makefile("rb") as stream:
                        reply = read_reply(stream)
                        self.assertEqual(len(reply.body), int(reply.headers["content-length"]))
                        self.assertGreater(len(reply.body), 10000000)
                        peer.sendall(HEALTH)
                        self.assertEqual(read_reply(stream).status, 200)
                self.assertNotIn("ended=", daemon.log())

    def test_a_batch(self):
        """Small items are done at once, large ones wait, and all come in their order."""
        with Daemon("--workers", "1") as daemon, Held(daemon) as held:
            batch = "---\n".join([SMALL, LARGE, SMALL, LARGE, SMALL])
            asked = Asked(daemon, [post(batch, "/v1/batch?checkpoint=none")] * 3)
            wait_for(lambda: waiting(daemon) == 3)
            held.release()
            for reply in asked.replies():
                lines = reply.body.splitlines()
                self.assertEqual(json.loads(lines[-1])["ok"], 5)
                sizes = [len(line) > 20000 for line in lines[:5]]
                self.assertEqual(sizes, [False, True, False, True, False])

    def test_a_batch_without_a_place(self):
        """Its item is told so; the others are resolved."""
        with Models("cold") as models, Daemon("--workers", "1", "--limit-waiting", "1", *models.options) as daemon:
            batch = post("---\n".join([SMALL, models.config("cold"), SMALL]), "/v1/batch")
            with Held(daemon) as held:
                first = Asked(daemon, [post()], "127.0.0.2")
                wait_for(lambda: waiting(daemon) == 1)
                reply = Asked(daemon, [batch], "127.0.0.2").replies()[0]
                held.release()
                self.assertEqual(first.statuses(), [200])
            lines = [json.loads(line) for line in reply.body.splitlines()]
            self.assertEqual([line.get("status") for line in lines[:3]], ["ok", 503, "ok"])
            self.assertEqual(lines[1]["type"], "urn:quantconf:problem:overloaded")
            self.assertEqual((lines[3]["ok"], lines[3]["unreadable"]), (2, 1))

    def test_tls(self):
        certificates.needed()
        with tempfile.TemporaryDirectory() as folder:
            pair = certificates.Pair(folder, "one")
            options = ("--workers", "1", *pair.options)
            with Daemon(*options, listen="tls:127.0.0.1:0", tls=pair.context()) as daemon:
                with Held(daemon) as held:
                    asked = Asked(daemon, [post()] * 3)
                    wait_for(lambda: waiting(daemon) == 3)
                    asked.peers.pop().close()
                    held.release()
                    self.assertEqual(asked.statuses(), [200] * 2)


class Inspections(unittest.TestCase):
    """Of models that nobody has asked for yet."""

    def lookups(self, daemon):
        name = 'quantconf_checkpoint_cache_requests_total{result="%s"}'
        return metric(daemon, name % "miss"), metric(daemon, name % "hit")

    def test_one_reads_for_all(self):
        with Models("one", "other", tensors=20000) as models:
            with Daemon("--workers", "2", *models.options) as daemon:
                with Held(daemon) as held:
                    requests = [post(models.config("one"), "/v1/resolve")] * 10
                    requests += [post(models.config("other"), "/v1/resolve")] * 10
                    requests += [b"GET /v1/inspect?model=org/one HTTP/1.1\r\nHost: localhost\r\n\r\n"] * 10
                    asked = Asked(daemon, requests)
                    wait_for(lambda: waiting(daemon) == 30)
                    self.assertEqual(self.lookups(daemon), (0, 0))
                    held.release()
                    replies = asked.replies()
                self.assertEqual([reply.status for reply in replies], [200] * 30)
                for reply in replies[:20]:
                    self.assertEqual(reply.json["checkpoint"]["quant_method"], "fp8")
                self.assertEqual(self.lookups(daemon), (2, 28))

                def kept_needs_nobody_else():
                    with Held(daemon), daemon.connect() as peer, peer.makefile("rb") as stream:
                        peer.settimeout(1)
                        peer.sendall(post(models.config("one"), "/v1/resolve"))
                        try:
                            return read_reply(stream).status == 200
                        except TimeoutError:
                            return False

                # On a busy machine storage may have seemed to be slow, which is soon forgotten.
                wait_for(kept_needs_nobody_else)

    def test_one_reads_for_large_ones_too(self):
        with Models("one", tensors=20000) as models, Daemon("--workers", "4", *models.options) as daemon:
            large = LARGE.replace("example/model", "org/one")
            requests = [post(large, "/v1/resolve")] * 4 + [post("---\n".join([large, large]), "/v1/batch")] * 4
            requests += [post(models.config("one"), "/v1/resolve")] * 2
            with Held(daemon) as held:
                asked = Asked(daemon, requests)
                wait_for(lambda: waiting(daemon) == 10)
                held.release()
                self.assertEqual(asked.statuses(), [200] * 10)
            self.assertEqual(self.lookups(daemon)[0], 1)

    def test_slow_storage_is_left_to_the_crew(self):
        """Once looking at a kept model's files took long; workers go on with all else."""
        with Models("one") as models:
            with Daemon("--workers", "1", *models.options, env=models.slow(SLOW_LOOK=100)) as daemon:
                for _ in range(2):
                    self.assertEqual(daemon.get("/v1/inspect?model=org/one").status, 200)
                ask = "GET {} HTTP/1.1\r\nHost: localhost\r\n\r\n"
                requests = [ask.format("/v1/inspect?model=org/one").encode(), ask.format("/readyz").encode()]
                requests += [post(models.config("one"), "/v1/resolve"), post(models.config("one"), "/v1/batch")]
                with Held(daemon) as held:
                    asked = Asked(daemon, requests)
                    wait_for(lambda: waiting(daemon) == 4)
                    self.assertEqual(daemon.get("/healthz").status, 200)
                    self.assertEqual(daemon.get("/v1/rules").status, 200)
                    held.release()
                    self.assertEqual(asked.statuses(), [200] * 4)

    def test_what_is_not_there_is_told_at_once(self):
        with Models("one") as models, Daemon("--workers", "1", *models.options) as daemon, Held(daemon):
            reply = daemon.resolve(models.config("none"), "?checkpoint=org/none")
            self.assertIn("checkpoint-not-found", reply.body.decode())
            self.assertEqual(daemon.get("/v1/inspect?model=org/none").status, 404)

    def test_memory(self):
        """Reading a model counts as what it is, and says so where there is none."""
        with Models("large", tensors=100000) as models:
            options = ("--workers", "1", *models.options)
            with Daemon("--limit-memory-total", "8MiB", *options) as daemon:
                for _ in range(2):
                    reply = daemon.resolve(models.config("large"))
                    self.assertEqual((reply.status, reply.slug), (503, "no-memory"))
                    reply = daemon.get("/v1/inspect?model=org/large")
                    self.assertEqual((reply.status, reply.slug), (503, "no-memory"))
                batch = SMALL + "---\n" + models.config("large")
                lines = [json.loads(line) for line in daemon.post("/v1/batch", batch).body.splitlines()]
                self.assertEqual([line.get("status") for line in lines[:2]], ["ok", 503])
                self.assertEqual(metric(daemon, "quantconf_request_memory_bytes"), 0)
            with Daemon(*options) as daemon:
                self.assertEqual(daemon.resolve(models.config("large")).status, 200)


if __name__ == "__main__":
    unittest.main()
