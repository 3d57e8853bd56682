#!/bin/sh
# Funds of every account with curl; with `defer` account by account, with `live` every change. The login of a browser
# with curl is in docs/browser-login.md.
set -eu
url=${KITE_GRAPHQL_URL:-http://localhost:4000/graphql}
authorization=${KITE_GRAPHQL_AUTHORIZATION:-token simulator:SIM0001-token, token simulator:expired}

case ${1:-once} in
  once)
    accept=application/json
    query='query Funds { accounts { user { userName } margins { equity { net } } } }'
    ;;
  defer)
    accept=multipart/mixed
    query='query Funds { accounts { id ... @defer { margins { equity { net } } } } }'
    ;;
  live)
    accept=text/event-stream
    query='subscription LiveFunds { marginsChanged(everySeconds: 2) { account { id } margins { equity { net } } } }'
    ;;
esac

# --no-buffer prints each part as it comes; --fail-with-body ends with 22 for a refused request, and prints its code.
exec curl --silent --show-error --no-buffer --fail-with-body "$url" \
  --header "Accept: $accept" \
  --header 'Content-Type: application/json' \
  --header "Authorization: $authorization" \
  --data "{\"query\":\"$query\"}"
