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
#   4   quantconfd did not take the request, or something else answers: a wrong token or address, say
#   64  called wrongly
set -eu

# The service, and its token if it wants one: of a whole token file the first one.
url=${QUANTCONF_URL:-http://127.0.0.1:8642}
url=${url%/}
token=$(printf '%s\n' "${QUANTCONF_TOKEN-}" | sed -n '/^[[:space:]]*[^#[:space:]]/ { s/[[:space:]]//g; p; q; }')

# When quantconfd is down or overloaded the command is started all the same: the check saves a wait in
# the queue, and a stopped checker must not stop the cluster. `yes` where an unchecked job costs more.
required=${QUANTCONF_REQUIRED:-no}

# Seconds that an answer may take, and how often it is asked again: curl waits as long as Retry-After
# says, else 1, 2, 4… seconds. After half a minute it does not begin anew.
timeout=${QUANTCONF_TIMEOUT:-10}
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
ask() {
	name=$(printf '%s' "$config" | sed 's/[\\"]/\\&/g')
	{ [ -z "$token" ] || printf 'Authorization: Bearer %s\n' "$token"; } |
		curl --silent --show-error --output "$answer" --write-out '%{http_code} %{content_type}' \
			--connect-timeout 3 --max-time "$timeout" \
			--retry "$retries" --retry-max-time 30 --retry-connrefused \
			--header @- --header 'Accept: text/plain' \
			--form "config=@\"$name\";filename=\"$name\"" "$url/v1/resolve"
}

# The command is started, unless it must not be without a check.
unchecked() {
	say "$config was not checked: $1"
	[ "$required" != yes ] || exit 3
}

# Whatever else answers at that address, a proxy's page say, has no verdict to give.
check() {
	status=$(ask) || status=000
	verdict=$(tail -n 1 "$answer")
	case "$status $verdict" in
	'200 text/plain'*': ok: '*)
		cat "$answer" >&2
		;;
	'422 text/plain'*': rejected: '*)
		cat "$answer" >&2
		exit 1
		;;
	'400 text/plain'*': rejected: '*)
		cat "$answer" >&2
		exit 2
		;;
	000* | 408* | 429* | 5*)
		unchecked "$url cannot answer now (status ${status%% *})"
		;;
	*' application/problem+json'*)
		cat "$answer" >&2
		say "$config was not checked: $url refuses the request (status ${status%% *})"
		exit 4
		;;
	*)
		say "$config was not checked: $url is no quantconfd (status ${status%% *})"
		exit 4
		;;
	esac
}

if answer=$(mktemp); then
	trap 'rm -f "$answer"' EXIT
	check
	rm -f "$answer"
else
	unchecked 'there is no place for temporary files'
fi

[ $# -gt 0 ] || exit 0
exec "$@"
