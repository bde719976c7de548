"""A child for the bridge without ccxt: answers, says nonsense, sleeps and dies as it is told."""

import json
import os
import sys
import time


def say(message):
    print(message if isinstance(message, str) else json.dumps(message), flush=True)


settings = json.loads(sys.stdin.readline())
mode = settings["config"].get("mode", "")
if mode == "mute":
    time.sleep(60)
if mode == "fails":
    say({"failed": {"classes": ["NetworkError"], "text": f"no route, {settings['credentials']['secret']}"}})
    sys.exit(3)
say({"ready": {"version": "0", "has": ["watchOrders", "fetchMyTrades"]}})
for text in sys.stdin:
    request = json.loads(text)
    method, number = request["method"], request["id"]
    if method == "die":
        print("last words of " + settings["credentials"]["secret"], file=sys.stderr, flush=True)
        os._exit(9)
    elif method == "garbage":
        for line in ("}{", "<html>", "[1]", '{"id":"x"}', '{"push":1}', "{}", '{"id":99}'):
            say(line)
        say({"id": number, "result": "done"})
    elif method == "endless":
        sys.stdout.write("x" * (5 * 2**20))
        sys.stdout.flush()
    elif method == "seen":
        secret = settings["credentials"]["secret"]
        where = [secret in part for part in (" ".join(sys.argv), repr(dict(os.environ)))]
        say({"id": number, "result": [where, sorted(os.environ)]})
    elif method == "echo":
        say({"id": number, "result": request["params"]})
    elif method == "push":
        say(request["params"])
        say({"id": number, "result": True})
    elif method in ("watch", "time", "balance", "open_orders", "my_trades", "positions"):
        say({"id": number, "result": "1700000000000" if method == "time" else []})
    elif method == "order":
        say({"id": number, "error": {"classes": ["OrderNotFound"], "text": "no such order"}})
