#!/bin/sh
# Templates of /etc/nginx/templates become files of conf.d, with the variables of the environment in them.
set -e
for template in /etc/nginx/templates/*.template; do
    [ -e "$template" ] || continue
    script=
    for name in $(env | sed -n 's/^\([A-Za-z_][A-Za-z0-9_]*\)=.*/\1/p'); do
        value=$(eval "printf %s \"\$$name\"" | sed 's/[&|\\]/\\&/g')
        script="$script;s|\${$name}|$value|g"
    done
    name=${template##*/}
    sed "$script" "$template" > "/etc/nginx/conf.d/${name%.template}"
done
