#!/bin/sh
# {{ title }}
# {{ url }}
# --yes asks nothing, --print only shows, --undo restores every file as it was.
set -eu
umask 022
{% if is_root %}
store=/var/backups/mingjing/{{ id }}
{%- else %}
store=${XDG_STATE_HOME:-$HOME/.local/state}/mingjing/{{ id }}
{%- endif %}
changing=no
{% for step in steps %}
text_{{ step.number }}() {
  cat <<'{{ step.end }}'
{{ step.text }}{{ step.end }}
}
{% endfor %}
# Prints all that would be done.
show() {
{%- for step in steps %}
{%- if let Some(path) = step.path %}
  printf {{ say.will_write }} {{ path.word }}
{%- else %}
  printf {{ say.will_run }}
{%- endif %}
  text_{{ step.number }}
  echo
{%- endfor %}
{%- for path in remove %}
  if [ -e {{ path.word }} ]; then printf {{ say.will_remove }} {{ path.word }}; fi
{%- endfor %}
  printf {{ say.kept_in }} "$store"
}

ask() {
  [ "$yes" = no ] || return 0
  # Without a terminal there is nobody to ask: a script, a container.
  ( : >/dev/tty ) 2>/dev/null || return 0
  printf '%s' {{ say.ask }} >/dev/tty
  read -r answer </dev/tty || answer=no
  case $answer in
    [yY]*) ;;
    *) printf {{ say.refused }}; exit 1 ;;
  esac
}

check_user() {
{%- if is_root %}
  if [ "$(id -u)" != 0 ]; then printf {{ say.need_root }} >&2; exit 1; fi
{%- else %}
  if [ -n "${SUDO_USER-}" ]; then printf {{ say.need_user }} >&2; exit 1; fi
{%- endif %}
}

check_system() {
{%- if system.is_empty() %}
  :
{%- else %}
  if [ ! -r /etc/os-release ]; then printf {{ say.wrong_system }} "$(uname)" >&2; exit 1; fi
{%- for item in system %}
  # shellcheck source=/dev/null
  have=$(. /etc/os-release && printf '%s' "{{ "${" }}{{ item.key }}-}")
  case $have in
    {{ item.pattern }}) ;;
    *) printf {{ say.wrong_system }} "{{ item.key }}=$have" >&2; exit 1 ;;
  esac
{%- endfor %}
{%- endif %}
}

check_programs() {
{%- if needs.is_empty() %}
  :
{%- else %}
{%- for need in needs %}
  command -v {{ need }} >/dev/null 2>&1 || { printf {{ say.missing }} {{ need }} >&2; exit 1; }
{%- endfor %}
{%- endif %}
}

# Everything that will change can be changed, before anything is.
check_writable() {
  for path in {% for path in keep %}{{ path }} {% endfor %}"$store"; do
    folder=${path%/*}
    while [ -n "$folder" ] && [ ! -d "$folder" ]; do folder=${folder%/*}; done
    if [ ! -w "${folder:-/}" ]; then printf {{ say.read_only }} "$path" >&2; exit 1; fi
  done
}

is_known() {
  while IFS=' ' read -r _ path; do
    if [ "$path" = "$1" ]; then return 0; fi
  done <"$store/list"
  return 1
}

# Keeps a file as it is now, unless an earlier run has kept it already.
keep() {
  if is_known "$1"; then return 0; fi
  if [ -e "$1" ] || [ -L "$1" ]; then
    mkdir -p "$store/files${1%/*}"
    cp -Pp "$1" "$store/files$1"
    printf 'kept %s\n' "$1" >>"$store/list"
  else
    printf 'absent %s\n' "$1" >>"$store/list"
  fi
}

make_folder() {
  if [ -z "$1" ] || [ -d "$1" ]; then return 0; fi
  make_folder "${1%/*}"
  mkdir "$1"
  printf 'made %s\n' "$1" >>"$store/list"
}

# Puts standard input into a file, all or nothing, with the mode of the old one.
put() {
  make_folder "${1%/*}"
  if [ -f "$1" ] && [ ! -L "$1" ]; then cp -p "$1" "$1.mingjing-new"; fi
  cat >"$1.mingjing-new"
  mv -f "$1.mingjing-new" "$1"
}

restore() {
  while IFS=' ' read -r what path; do
    rm -f "$path.mingjing-new"
    case $what in
      kept)
        mkdir -p "${path%/*}"
        cp -Pp "$store/files$path" "$path.mingjing-old"
        mv -f "$path.mingjing-old" "$path"
        ;;
      absent) rm -f "$path" ;;
    esac
  done <"$store/list"
  sort -r "$store/list" | while IFS=' ' read -r what path; do
    if [ "$what" = made ]; then rmdir "$path" 2>/dev/null || :; fi
  done
  rm -rf "$store"
  rmdir "${store%/*}" 2>/dev/null || :
}

at_exit() {
  status=$?
  if [ "$changing" = yes ] && [ "$status" != 0 ]; then
    changing=no
    restore
    printf {{ say.taken_back }} >&2
  fi
  exit "$status"
}

apply() {
  mkdir -p "$store"
  [ -e "$store/list" ] || : >"$store/list"
  changing=yes
{%- for path in keep %}
  keep {{ path }}
{%- endfor %}
{%- for step in steps %}
{%- if let Some(path) = step.path %}
  text_{{ step.number }} | put {{ path.word }}
{%- else %}
  sh -euc "$(text_{{ step.number }})"
{%- endif %}
{%- endfor %}
{%- for path in remove %}
  rm -f {{ path.word }}
{%- endfor %}
  changing=no
}

main() {
  yes=no
  action=apply
  for argument in "$@"; do
    case $argument in
      --yes) yes=yes ;;
      --print) action=print ;;
      --undo) action=undo ;;
      --help) printf {{ say.usage }}; exit 0 ;;
      *) printf {{ say.unknown }} "$argument" >&2; exit 2 ;;
    esac
  done
  if [ "$action" = print ]; then show; exit 0; fi
  check_user
  if [ "$action" = undo ]; then
    if [ ! -e "$store/list" ]; then printf {{ say.nothing_to_undo }}; exit 0; fi
    restore
    printf {{ say.undone }}
    exit 0
  fi
  check_system
  check_programs
  check_writable
  show
  ask
  trap at_exit EXIT
  apply
  printf {{ say.done }}
}

main "$@"
