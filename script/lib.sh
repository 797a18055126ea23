# shellcheck shell=bash disable=SC2034 # those who source it use its variables
# Functions shared by script/* and asterisk/*. Sourced, never run; it changes nothing by itself.
#
# Sets: checkout (the folder of this project, absolute). Makes ACD_HOME and ACD_ASTERISK_ROOT absolute when they
# are set, so that every program started from here sees the same folders whatever its own working folder is.

((BASH_VERSINFO[0] >= 5)) || { echo "${0##*/}: bash 5 or newer is needed" >&2; exit 1; }

checkout=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." >/dev/null && pwd -P)
readonly checkout

# Debian and Ubuntu keep servers here; an ordinary user's PATH may leave these folders out.
readonly server_path=/usr/local/sbin:/usr/sbin
readonly asterisk_oldest=22

# say TEXT: one short line of progress; on stderr, so that a script's output stays its own.
say() { printf '%s: %s\n' "${0##*/}" "$*" >&2; }

# die TEXT: says why, ends with code 1.
die() {
  say "$*"
  exit 1
}

# absolute PATH: PATH seen from the current folder, without touching the disk.
absolute() {
  case $1 in
    /*) printf '%s\n' "$1" ;;
    *) printf '%s\n' "$PWD/$1" ;;
  esac
}

if [[ -n ${ACD_HOME:-} ]]; then
  ACD_HOME=$(absolute "$ACD_HOME")
  export ACD_HOME
fi
if [[ -n ${ACD_ASTERISK_ROOT:-} ]]; then
  ACD_ASTERISK_ROOT=$(absolute "$ACD_ASTERISK_ROOT")
  export ACD_ASTERISK_ROOT
fi

# quietly COMMAND…: its output is shown only if it fails; answers its exit code.
quietly() {
  local output code=0
  output=$("$@" 2>&1) || code=$?
  ((code == 0)) || [[ -z $output ]] || printf '%s\n' "$output" >&2
  return "$code"
}

# hold_lock FILE: waits until no other process holds FILE; held until release_lock or the end of this process.
# A function that must release its own lock only declares "local lock_fd" first.
hold_lock() {
  mkdir -p -- "$(dirname -- "$1")"
  exec {lock_fd}>>"$1"
  if ! flock --nonblock "$lock_fd"; then
    say "another run is at work (lock $1): waiting for it"
    flock "$lock_fd"
  fi
}

release_lock() { exec {lock_fd}>&-; }

# give_to_owner: what root made in somebody's checkout belongs to the checkout's owner.
give_to_owner() {
  local path
  [[ $EUID -eq 0 && $(stat -c %u -- "$checkout") -ne 0 ]] || return 0
  for path in "$checkout"/{var,.venv,*.egg-info,acd/web/pages,acd/web/ui/node_modules}; do
    [[ ! -e $path ]] || chown -R --no-dereference --reference="$checkout" -- "$path"
  done
}

# --- the distribution's packages -----------------------------------------------------------------------------

# can_install: root on Debian, Ubuntu or a relative of theirs.
can_install() { [[ $EUID -eq 0 ]] && type -P apt-get >/dev/null; }

readonly packages_lock=/run/lock/acd-packages.lock

# update_package_lists: once for a script and all that it starts.
update_package_lists() {
  local lock_fd
  [[ -z ${ACD_PACKAGE_LISTS_FRESH:-} ]] || return 0
  hold_lock "$packages_lock"
  say "reading the package lists"
  quietly apt-get --quiet --quiet update || say "not all package lists could be read; trying with those at hand"
  export ACD_PACKAGE_LISTS_FRESH=yes
  release_lock
}

# install_packages NAME…: from the distribution; only one of our scripts at a time, and after any other apt-get.
install_packages() {
  local lock_fd
  update_package_lists
  hold_lock "$packages_lock"
  say "installing $*"
  DEBIAN_FRONTEND=noninteractive quietly apt-get --quiet --quiet --yes --no-install-recommends \
    -o DPkg::Lock::Timeout=600 install "$@" || die "apt-get could not install: $*"
  release_lock
}

# install_without_service SERVICES PACKAGE…: for their programs only; the services (their names, with spaces between
# them) are not started, now or at the next boot.
install_without_service() {
  local service policy=/usr/sbin/policy-rc.d
  update_package_lists
  (
    if [[ ! -e $policy ]]; then
      # shellcheck disable=SC2064 # the path is meant as it is now
      trap "rm -f -- '$policy'" EXIT
      printf '#!/bin/sh\nexit 101\n' >"$policy"
      chmod 755 "$policy"
    fi
    install_packages "${@:2}"
  ) || exit 1
  for service in $1; do
    quietly update-rc.d "$service" disable ||
      say "the packaged service $service stays enabled: disable it, or it starts at the next boot"
  done
}

# --- which Asterisk ------------------------------------------------------------------------------------------

# asterisk_major COMMAND…: its main version, such as 22; empty if it does not say one.
asterisk_major() { "$@" -V 2>/dev/null | sed -nE 's/^Asterisk [^0-9]*([0-9]+).*/\1/p'; }

# first_match PATTERN…: the first of the (expanded) patterns that exists.
first_match() {
  local path
  for path in "$@"; do
    if [[ -e $path ]]; then
      printf '%s\n' "$path"
      return 0
    fi
  done
  return 1
}

# private_root: the folder of an Asterisk of our own, which need not exist.
private_root() { printf '%s\n' "${ACD_ASTERISK_ROOT:-$checkout/var/asterisk-root}"; }

# find_asterisk: sets asterisk_command (array), asterisk_modules_dir and asterisk_data_dir, or answers 1.
# A folder named by ACD_ASTERISK_ROOT is preferred to the machine's Asterisk, the usual private folder is not.
find_asterisk() {
  [[ -n ${ACD_ASTERISK_ROOT:-} ]] || ! use_installed_asterisk || return 0
  use_private_asterisk
}

use_installed_asterisk() {
  local program prefix major
  program=$(PATH=$PATH:$server_path type -P asterisk) || return 1
  major=$(asterisk_major "$program")
  ((${major:-0} >= asterisk_oldest)) || return 1
  prefix=$(dirname -- "$(dirname -- "$program")")
  asterisk_command=("$program")
  asterisk_modules_dir=$(first_match "$prefix"/lib{,64}{,/*-linux-gnu*}/asterisk/modules) || return 1
  asterisk_data_dir=$(first_match "$prefix/share/asterisk" "$prefix/var/lib/asterisk" /var/lib/asterisk) || return 1
}

# The private folder is a small system of its own, but nothing of it is entered: its loader starts its Asterisk
# with its libraries, and every path stays one of this machine. So no root is needed to run it.
use_private_asterisk() {
  local root loader libraries
  root=$(private_root)
  [[ -x $root/usr/sbin/asterisk ]] || return 1
  loader=$(first_match "$root"/usr/lib/*/ld-linux*.so.*) || return 1
  libraries=$(dirname -- "$loader")
  asterisk_command=("$loader" --inhibit-cache --library-path "$libraries" --argv0 asterisk "$root/usr/sbin/asterisk")
  asterisk_modules_dir=$libraries/asterisk/modules
  asterisk_data_dir=$root/usr/share/asterisk
}
