#!/bin/sh
# As the official image: the server gives up root, after it owns its folder, and takes clients from other machines.
set -e
case "${1#-}" in *.conf) set -- redis-server "$@" ;; "$1") ;; *) set -- redis-server "$@" ;; esac
if [ "$1" = redis-server ] && [ "$(id -u)" = 0 ]; then
    find . \! -user redis -exec chown redis '{}' +
    exec /usr/bin/setpriv --reuid=999 --regid=999 --clear-groups "$0" "$@"
fi
[ "$1" = redis-server ] && set -- "$@" --protected-mode no
exec "$@"
