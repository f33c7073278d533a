# For an interactive bash --norc: a tab lists what the completion of a line offers, one a line. Read by test_completions.py.
PS1='<prompt>' # once it is seen, readline has the terminal
bind 'set completion-display-width 0' 'set page-completions off' 'set enable-bracketed-paste off' 'set bell-style none' 'set completion-query-items 0'
bind '"\t": possible-completions'
. "$QUANTCONF_COMPLETIONS/quantconf.bash"
printf '<%s>\n' ready
