# For an interactive zsh -f: says what the completion of a line offers. Read by test_completions.py.
PROMPT=
fpath=($QUANTCONF_COMPLETIONS $fpath)
autoload -Uz compinit
compinit -D -u
unsetopt auto_list auto_menu # nothing asks or is drawn
zstyle ':completion:*' insert-tab false
mark() { print -r -- "<$1>" }
ends() { mark end; comppostfuncs=(ends) } # they are called once
comppostfuncs=(ends)
compadd() {
	if [[ ${@[1,(i)(-|--)]} == *-(O|A|D)\ * ]]; then
		builtin compadd "$@" # asks for itself what would match
		return
	fi
	local -a hits
	local hit
	builtin compadd -A hits "$@"
	for hit in $hits; do mark "offers $hit"; done
	builtin compadd "$@"
}
mark ready
