#!/bin/sh
# As the official image: an empty data folder becomes a database with its user, then the scripts of
# /docker-entrypoint-initdb.d run on a server that only they reach.
set -e

# NAME or NAME_FILE, as with all variables of the image.
value() {
    eval "given=\$$1 file=\$$1_FILE"
    if [ -n "$file" ]; then cat "$file"; else printf %s "${given:-$2}"; fi
}

if [ "$1" != postgres ]; then exec "$@"; fi
if [ "$(id -u)" = 0 ]; then
    mkdir -p "$PGDATA"
    find "$PGDATA" \! -user postgres -exec chown postgres '{}' +
    chmod 700 "$PGDATA"
    exec /usr/bin/setpriv --reuid=999 --regid=999 --clear-groups "$0" "$@"
fi
if [ ! -s "$PGDATA/PG_VERSION" ]; then
    user=$(value POSTGRES_USER postgres)
    password=$(value POSTGRES_PASSWORD)
    database=$(value POSTGRES_DB "$user")
    if [ -z "$password" ]; then
        echo "Error: Database is uninitialized and superuser password is not specified." >&2
        exit 1
    fi
    printf '%s\n' "$password" > /tmp/pw
    initdb -D "$PGDATA" --username="$user" --pwfile=/tmp/pw --auth-host=scram-sha-256 --auth-local=trust --no-locale -E UTF8 --no-sync > /dev/null
    rm /tmp/pw
    echo "host all all all scram-sha-256" >> "$PGDATA/pg_hba.conf"
    pg_ctl -D "$PGDATA" -o "-c listen_addresses= -c fsync=off" -s -w start
    [ "$database" = postgres ] || psql -q -U "$user" -d postgres -c "CREATE DATABASE \"$database\""
    for script in /docker-entrypoint-initdb.d/*; do
        case "$script" in
            *.sh) if [ -x "$script" ]; then "$script"; else . "$script"; fi ;;
            *.sql) psql -q -v ON_ERROR_STOP=1 -U "$user" -d "$database" -f "$script" ;;
        esac
    done
    pg_ctl -D "$PGDATA" -s -m fast -w stop
fi
shift
exec postgres -D "$PGDATA" -c listen_addresses='*' -c unix_socket_directories=/run/postgresql -c fsync=off "$@"
