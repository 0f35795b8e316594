#!/bin/sh
# As the official image: scripts of /docker-entrypoint.d before the server, none before another command.
set -e
if [ "$1" = nginx ]; then
    for script in /docker-entrypoint.d/*.sh; do
        [ -x "$script" ] && "$script"
    done
fi
exec "$@"
