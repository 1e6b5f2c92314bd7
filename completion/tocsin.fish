# Completion of tocsin for fish. What fits is read from the binary's own --help, so it is never out of
# date.

function __tocsin_candidates
    set -l words (commandline -opc)
    command tocsin (string match -v -- '-*' $words[2..-1]) --help 2>/dev/null | awk '
      /^[A-Z][A-Za-z]*:$/ { part = $1; next }
      part == "Options:" && /^  -/ { n = split($1, names, ","); for (i = 1; i <= n; i++) print names[i] }
      part == "Subcommands:" && /^  [a-z]/ { name = $1; $1 = ""; sub(/^ /, ""); print name "\t" $0 }'
end

function __tocsin_wants_file
    string match -qr -- '^--(config|token-file|ca-file|rules)$' (commandline -opc)[-1]
end

complete -c tocsin -f
complete -c tocsin -n __tocsin_wants_file -F
complete -c tocsin -n 'not __tocsin_wants_file' -a '(__tocsin_candidates)'
