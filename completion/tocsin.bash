# Completion of tocsin for bash. What fits is read from the binary's own --help, so it is never out
# of date.

_tocsin_candidates() { # the words before the one being typed → one candidate a line
  local word words=()
  for word in "$@"; do
    [[ $word == -* ]] || words+=("$word")
  done
  command tocsin "${words[@]}" --help 2>/dev/null | awk '
    /^[A-Z][A-Za-z]*:$/ { part = $1; next }
    part == "Options:" && /^  -/ { n = split($1, names, ","); for (i = 1; i <= n; i++) print names[i] }
    part == "Subcommands:" && /^  [a-z]/ { print $1 }'
}

_tocsin() {
  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
  case $previous in
    --config | --token-file | --ca-file | --rules) mapfile -t COMPREPLY < <(compgen -f -- "$current"); return ;;
    -o | --output)
      local formats="table json yaml"
      [[ ${COMP_WORDS[1]} != test ]] || formats="text tap junit json"
      [[ ${COMP_WORDS[1]} != check ]] || formats+=" github gitlab"
      mapfile -t COMPREPLY < <(compgen -W "$formats" -- "$current")
      return
      ;;
  esac
  # A store's copy is a file, and so are cases.
  if [[ ${COMP_WORDS[1]} == @(backup|restore|test) && COMP_CWORD -gt 1 && $current != -* ]]; then
    mapfile -t COMPREPLY < <(compgen -f -- "$current")
    return
  fi
  mapfile -t COMPREPLY < <(
    compgen -W "$(_tocsin_candidates "${COMP_WORDS[@]:1:COMP_CWORD-1}")" -- "$current")
}

complete -o filenames -F _tocsin tocsin
