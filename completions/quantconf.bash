# bash completion for quantconf(1)

_quantconf()
{
	local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} command= i
	local commands='resolve migrate inspect rules schema'
	local options='--target --output --checkpoint --model-root --hf-cache --require-checkpoint --exclusions
		--strict --quiet --in-place --diff --check --help --version -t -o -q -i -h'
	COMPREPLY=()

	# bash makes a word of its own of the "=" in --target=flat.
	if [[ $word == = ]]; then
		word=
	elif [[ $before == = && COMP_CWORD -ge 2 ]]; then
		before=${COMP_WORDS[COMP_CWORD - 2]}
	fi
	case $before in
	-t | --target)
		mapfile -t COMPREPLY < <(compgen -W 'canonical flat released' -- "$word")
		return
		;;
	-o | --output)
		mapfile -t COMPREPLY < <(compgen -W 'json yaml text diff sarif' -- "$word")
		return
		;;
	--checkpoint)
		compopt -o filenames 2>/dev/null
		mapfile -t COMPREPLY < <(compgen -W none -- "$word"; compgen -f -- "$word")
		return
		;;
	--model-root | --hf-cache)
		compopt -o filenames 2>/dev/null
		mapfile -t COMPREPLY < <(compgen -d -- "$word")
		return
		;;
	esac
	if [[ $word == -* ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$options" -- "$word")
		return
	fi
	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		resolve | migrate | inspect | rules | schema)
			command=${COMP_WORDS[i]}
			break
			;;
		esac
	done
	case $command in
	'')
		mapfile -t COMPREPLY < <(compgen -W "$commands" -- "$word")
		;;
	rules)
		mapfile -t COMPREPLY < <(compgen -W "$("${COMP_WORDS[0]}" rules 2>/dev/null | cut -d ' ' -f 1)" -- "$word")
		;;
	schema) ;;
	inspect)
		compopt -o filenames 2>/dev/null
		mapfile -t COMPREPLY < <(compgen -d -- "$word"; compgen -f -X '!*.json' -- "$word")
		;;
	*)
		compopt -o filenames 2>/dev/null
		mapfile -t COMPREPLY < <(compgen -d -- "$word"
			compgen -f -X '!*.yaml' -- "$word"; compgen -f -X '!*.yml' -- "$word")
		;;
	esac
} && complete -F _quantconf quantconf
