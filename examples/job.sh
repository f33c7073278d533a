#!/bin/sh
# Checks a training config with quantconfd, then becomes the command that follows:
#
#   job.sh config.yaml                                    only check
#   job.sh config.yaml sbatch train.sbatch config.yaml    check before it queues
#   job.sh config.yaml axolotl train config.yaml          check before the GPUs wait for it
#
# What was found is printed to standard error. Exit status, when the command is not started:
#   1   the config is rejected
#   2   it cannot be read as YAML, or not at all
#   3   it could not be checked (only with QUANTCONF_REQUIRED=yes)
#   4   quantconfd did not take the request: a wrong token or address, say
#   64  called wrongly
set -eu

# The service, and its token if it wants one.
url=${QUANTCONF_URL:-http://127.0.0.1:8642}
token=${QUANTCONF_TOKEN-}

# When quantconfd is down or overloaded the command is started all the same: the check saves a wait in
# the queue, and a stopped checker must not stop the cluster. `yes` where an unchecked job costs more.
required=${QUANTCONF_REQUIRED:-no}

# How often it is asked again: curl waits as long as Retry-After says, else 1, 2, 4… seconds.
retries=${QUANTCONF_RETRIES:-4}

say() {
	printf '%s\n' "job.sh: $*" >&2
}

if [ $# = 0 ]; then
	say 'usage: job.sh CONFIG [COMMAND [WORD]...]'
	exit 64
fi
config=$1
shift
if [ ! -f "$config" ] || [ ! -r "$config" ]; then
	say "cannot read $config"
	exit 2
fi

# The token goes through a pipe: other users can see the words of a command.
answer=$(mktemp)
trap 'rm -f "$answer"' EXIT
name=$(printf '%s' "$config" | sed 's/[\\"]/\\&/g')
code=$(
	{ [ -z "$token" ] || printf 'Authorization: Bearer %s\n' "$token"; } |
		curl --silent --show-error --output "$answer" --write-out '%{http_code}' \
			--max-time 30 --retry "$retries" --retry-max-time 90 --retry-connrefused \
			--header @- --header 'Accept: text/plain' --form "config=@\"$name\"" "$url/v1/resolve"
) || code=000

cat "$answer" >&2
case "$code" in
200)
	;;
422)
	exit 1
	;;
400)
	exit 2
	;;
000 | 408 | 429 | 5??)
	say "$config was not checked: $url cannot answer now (status $code)"
	[ "$required" != yes ] || exit 3
	;;
*)
	say "$config was not checked: $url refuses the request (status $code)"
	exit 4
	;;
esac

[ $# -gt 0 ] || exit 0
rm -f "$answer"
exec "$@"
