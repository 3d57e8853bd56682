#!/usr/bin/env python3
"""Funds of every account, and their changes with `live`: Python's standard library alone."""
import json
import os
import sys
import urllib.error
import urllib.request

URL = os.environ.get("KITE_GRAPHQL_URL", "http://localhost:4000/graphql")
# One credential for each account, separated by commas. The cookie of a browser is for pages only.
AUTHORIZATION = os.environ.get(
    "KITE_GRAPHQL_AUTHORIZATION", "token simulator:SIM0001-token, token simulator:expired"
)

FUNDS = """
  query Funds {
    accounts { id user { userName } margins { equity { net } } }
  }
"""

LIVE = """
  subscription LiveFunds {
    marginsChanged(everySeconds: 2) { account { id } margins { equity { net } } }
  }
"""


def send(query, accept="application/json"):
    """Sends an operation. A refused one is JSON too, with an HTTP status of its own."""
    headers = {"Accept": accept, "Content-Type": "application/json", "Authorization": AUTHORIZATION}
    body = json.dumps({"query": query}).encode()
    try:
        return urllib.request.urlopen(urllib.request.Request(URL, body, headers), timeout=60)
    except urllib.error.HTTPError as refused:
        return refused


def advice_for(extensions):
    """What helps with an error. Branch on the code, never on the message."""
    code = extensions["code"]
    if code in ("UNAUTHENTICATED", "SESSION_EXPIRED", "TOKEN_REJECTED"):
        login = extensions.get("loginUrl")
        return "log in again" + (f": {login}" if login else "")
    if extensions["retryable"]:
        return f"try again in {extensions.get('retryAfterSeconds', 10)} seconds"
    return f"{code}, request {extensions['requestId']}"


def funds():
    """Prints a line for each account: its funds, or what its error advises."""
    with send(FUNDS) as response:
        answer = json.load(response)
    errors = answer.get("errors", [])
    if not answer.get("data"):
        sys.exit("\n".join(advice_for(error["extensions"]) for error in errors))
    for index, account in enumerate(answer["data"]["accounts"]):
        failed = [error for error in errors if error["path"][:2] == ["accounts", index]]
        if failed:
            print(advice_for(failed[0]["extensions"]))
        else:
            print(f"{account['user']['userName']}: {account['margins']['equity']['net']}")


def live():
    """Prints each change as it comes. The gateway sends a comment every 12 seconds, so a silent minute is a broken line."""
    with send(LIVE, accept="text/event-stream") as response:
        for line in response:
            if not line.startswith(b"data: "):
                continue
            answer = json.loads(line[6:])
            for error in answer.get("errors", []):
                print(advice_for(error["extensions"]), flush=True)
            margins = ((answer.get("data") or {}).get("marginsChanged") or {}).get("margins") or {}
            if margins.get("equity"):
                print(margins["equity"]["net"], flush=True)


if __name__ == "__main__":
    live() if sys.argv[1:] == ["live"] else funds()
