"""Run last: what all the other tests saw of the daemon, beside its description."""

import unittest

from daemon import exchanges

try:
    import contract
except ImportError as missing:
    raise unittest.SkipTest(str(missing))

# A fault of the daemon: nothing is known that provokes it.
NEVER = 500
# Seen on connections that tests read by themselves; and that fault again.
ELSEWHERE = {
    f"urn:quantconf:problem:{slug}"
    for slug in ("internal", "https-required", "overloaded")
}


class Recorded(unittest.TestCase):
    """Run last, by run.py: what all the other tests saw."""

    def test_every_reply_is_as_described(self):
        described = contract.Contract()
        seen, judged, problems = set(), set(), set()
        for method, target, reply in exchanges:
            if contract.media_type(reply) == "application/problem+json" and reply.body:
                problems.add(reply.json["type"])
            key = (method, target, reply.status, reply.body, *sorted(reply.headers))
            if key not in judged:
                judged.add(key)
                errors = described.exchange_errors(method, target, reply, seen)
                self.assertEqual(errors, [], f"{method} {target[:200]}: {reply.status}: {reply.body[:300]}")
        self.assertGreater(len(judged), 0)
        there = {(o.value["operationId"], int(status)) for o in described.operations() for status in o.value["responses"]}
        missing = {pair for pair in there - seen if pair[1] != NEVER}
        self.assertEqual(missing, set(), "described, and never seen")
        types = set(described.api["components"]["schemas"]["ProblemType"]["enum"]) - ELSEWHERE
        self.assertEqual(types - problems, set(), "problems that were never seen")
