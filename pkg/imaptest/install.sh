#!/bin/bash
# install.sh puts what the tests start onto a Debian 12 machine: the IMAP servers Dovecot, Cyrus and Courier, and
# Chromium, in which they look at the HTML pages, and OpenSSH, which judges signatures. Dovecot, Chromium and OpenSSH
# are installed. Cyrus and Courier exclude Dovecot and each other as packages, though not on disk, so they are
# unpacked into private roots below $IMAPMIGRATE_SERVERS and only their libraries are installed.
# No daemon is started; the tests start their own. Where all is there it only looks and says nothing.
#
#   IMAPMIGRATE_SERVERS           where the private roots are      (default /var/cache/imapmigrate/servers)
#   IMAPMIGRATE_REQUIRE_SERVERS   1: a missing server is an error  (default: say what will be skipped, exit 0)
set -u
umask 022
servers=${IMAPMIGRATE_SERVERS:-/var/cache/imapmigrate/servers}
policy=/usr/sbin/policy-rc.d
export DEBIAN_FRONTEND=noninteractive
apt=(apt-get -q -y -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3)
log=$(mktemp) || exit 1
made_policy=
updated=

say() { echo "install.sh: $*" >&2; }

finish() {
  rm -f "$log"
  if [ -n "$made_policy" ]; then rm -f "$policy"; fi
}
trap finish EXIT

# libraries ROOT: where the private root keeps its own shared libraries.
libraries() { echo "$1/usr/lib:$(echo "$1"/usr/lib/*-linux-gnu)"; }

# runs ROOT PROGRAM...: every program is there and finds all its libraries.
runs() {
  local root=$1 p
  shift
  for p in "$@"; do
    [ -x "$root/$p" ] || return 1
    if LD_LIBRARY_PATH=$(libraries "$root") ldd "$root/$p" | grep -q 'not found'; then return 1; fi
  done
}

have_dovecot() { [ -x /usr/sbin/dovecot ] && [ -x /usr/lib/dovecot/imap ]; }

have_cyrus() {
  # The SASL plugins are loaded at run time, ldd does not see them.
  compgen -G '/usr/lib/*/sasl2/libplain.so*' >/dev/null &&
    runs "$servers/cyrus" usr/lib/cyrus/bin/master usr/lib/cyrus/bin/imapd usr/lib/cyrus/bin/ctl_cyrusdb
}

have_chromium() { command -v chromium >/dev/null; }

have_openssh() { command -v ssh-keygen >/dev/null; }

have_courier() {
  runs "$servers/courier" usr/bin/imapd usr/bin/couriertls usr/sbin/couriertcpd usr/lib/courier/courier/imaplogin
}

update() {
  [ -n "$updated" ] && return
  updated=1
  "${apt[@]}" update >>"$log" 2>&1 || say "apt-get update failed; trying with the package lists that are there"
}

# quiet_daemons keeps packages from starting what they install, for the time of this script.
quiet_daemons() {
  [ -e "$policy" ] && return
  printf '#!/bin/sh\nexit 101\n' >"$policy" && chmod 755 "$policy" && made_policy=1
}

install() {
  quiet_daemons
  "${apt[@]}" install --no-install-recommends "$@" >>"$log" 2>&1
}

# depends DEB...: the shared libraries a package needs, by name; of alternatives the first.
depends() {
  local deb
  for deb in "$@"; do dpkg-deb -f "$deb" Depends | tr ',' '\n'; done |
    sed -e 's/|.*//' -e 's/(.*//' -e 's/:any//' -e 's/ //g' | grep '^lib' | sort -u
}

# unpack NAME PACKAGE...: the packages' files into $servers/NAME, their libraries onto the system.
unpack() {
  local name=$1 work deb
  shift
  work=$(mktemp -d "$servers/.$name.XXXXXX") || return 1
  chmod 755 "$work"
  if (cd "$work" && "${apt[@]}" download "$@" >>"$log" 2>&1) && install $(depends "$work"/*.deb); then
    mkdir "$work/root"
    for deb in "$work"/*.deb; do dpkg-deb -x "$deb" "$work/root" || break; done
    rm -rf "${servers:?}/$name"
    mv "$work/root" "$servers/$name"
  fi
  rm -rf "$work"
}

# provide NAME COMMAND...: runs the command where the server is not there yet, and says if it still is not.
provide() {
  local name=$1
  shift
  "have_$name" && return
  update
  "$@"
  "have_$name" && return
  say "$name could not be installed; the last words of apt-get were:"
  tail -n 5 "$log" >&2
  missing="$missing $name"
}

give_up() {
  say "$1; tests that need$2 will be skipped"
  [ "${IMAPMIGRATE_REQUIRE_SERVERS:-}" = 1 ] && exit 1
  exit 0
}

missing=
for name in dovecot cyrus courier chromium openssh; do "have_$name" || missing="$missing $name"; done
[ -z "$missing" ] && exit 0
[ "$(id -u)" = 0 ] || give_up "not root, so nothing can be installed" "$missing"
command -v apt-get >/dev/null || give_up "no apt-get here, so nothing can be installed" "$missing"

mkdir -p "$servers" || give_up "cannot write to $servers" "$missing"
exec 9>"$servers/.lock"
flock 9
missing=
provide dovecot install dovecot-imapd
provide cyrus unpack cyrus cyrus-imapd cyrus-common
provide courier unpack courier courier-imap courier-base courier-authlib
provide chromium install chromium fonts-dejavu-core
provide openssh install openssh-client
[ -z "$missing" ] || give_up "incomplete" "$missing"
