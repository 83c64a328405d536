#!/bin/sh
# Runs redis-server as the user redis, open to other containers, as the official image does.
set -e

# Options or a configuration file alone mean redis-server.
if [ "${1#-}" != "$1" ] || [ "${1%.conf}" != "$1" ]; then
    set -- redis-server "$@"
fi

if [ "$1" = redis-server ]; then
    if [ "$(id -u)" = 0 ]; then
        find . ! -user redis -exec chown redis:redis {} +
        exec setpriv --reuid=redis --regid=redis --clear-groups "$0" "$@"
    fi
    set -- "$@" --bind 0.0.0.0 --protected-mode no
fi

exec "$@"
