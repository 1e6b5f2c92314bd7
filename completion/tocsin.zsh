#compdef tocsin
# Completion of tocsin for zsh. What fits is read from the binary's own --help, so it is never out of
# date.

_tocsin_candidates() { # the words before the one being typed → "candidate:description", one a line
  command tocsin ${@:#-*} --help 2>/dev/null | awk '
    /^[A-Z][A-Za-z]*:$/ { part = $1; next }
    part == "Options:" && /^  -/ { n = split($1, names, ","); for (i = 1; i <= n; i++) print names[i] }
    part == "Subcommands:" && /^  [a-z]/ { name = $1; $1 = ""; sub(/^ /, ""); print name ":" $0 }'
}

_tocsin() {
  case $words[CURRENT-1] in
    --config | --token-file | --ca-file | --rules) _files; return ;;
    -o | --output)
      case $words[2] in
        test) compadd text tap junit json ;;
        check) compadd table json yaml github gitlab ;;
        *) compadd table json yaml ;;
      esac
      return ;;
  esac
  local -a candidates
  candidates=("${(@f)$(_tocsin_candidates ${words[2,CURRENT-1]})}")
  _describe tocsin candidates
}

[ "$funcstack[1]" != _tocsin ] || _tocsin "$@"
