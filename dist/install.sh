#!/bin/sh
# Installs FlowLayer, or takes it away again. Needs no root. In an archive it installs what it came
# with; the one that is published beside the archives fetches that of this machine first.
set -eu

usage() {
  cat <<'END'
Usage: install.sh [--prefix DIR] [--from URL|DIR] [--uninstall]

Installs the binary, completions and manual pages below DIR (default: $PREFIX, else ~/.local).
Running it again, also from the archive of another version, replaces what it has installed.
--from takes the archive of this machine from there, if its checksum is that of SHA256SUMS.
--uninstall takes away exactly what was installed.
END
}
say() { printf '%s\n' "$1"; }
# A path as a shell takes it for one word.
quoted() {
  case $1 in
    *[!A-Za-z0-9_./+@%:,=-]*) printf "'%s'" "$(printf '%s' "$1" | sed "s/'/'\\\\''/g")" ;;
    *) printf '%s' "$1" ;;
  esac
}
die() { printf 'install.sh: %s\n' "$1" >&2; exit 1; }

prefix=${PREFIX-}
uninstall=no
# dist/index writes the address of a release here.
from=''
while [ $# -gt 0 ]; do
  case $1 in
    --prefix)
      [ $# -ge 2 ] || { usage >&2; exit 2; }
      prefix=$2
      shift
      ;;
    --prefix=*) prefix=${1#--prefix=} ;;
    --from)
      [ $# -ge 2 ] || { usage >&2; exit 2; }
      from=$2
      shift
      ;;
    --from=*) from=${1#--from=} ;;
    --uninstall) uninstall=yes ;;
    -h | --help) usage; exit 0 ;;
    *) printf 'install.sh: unknown argument %s\n\n' "$1" >&2; usage >&2; exit 2 ;;
  esac
  shift
done

here=$(CDPATH='' cd "$(dirname "$0")" && pwd)
if [ -z "$prefix" ]; then
  # The copy that is installed knows where it is.
  case $here in
    */share/flowlayer) prefix=${here%/share/flowlayer} ;;
    *)
      [ -n "${HOME-}" ] || die "HOME is not set: say where to with --prefix DIR"
      prefix=$HOME/.local
      ;;
  esac
fi
case $prefix in
  /*) ;;
  *) prefix=$(pwd)/$prefix ;;
esac
case $prefix in
  *'
'*) die "a prefix with a line end in it is not supported" ;;
esac
[ "$prefix" = / ] || prefix=${prefix%/}

# One line each: `f` and a file or link, `d` and a directory that was made; relative to the prefix.
manifest=share/flowlayer/manifest
list=$prefix/$manifest

ours() { [ -f "$list" ] && grep -Fqx "f $1" "$list"; }

# Takes away what a manifest names; directories only when they are empty.
take_away() {
  while IFS= read -r line; do
    case $line in
      "f "*) rm -f "$prefix/${line#f }" ;;
    esac
  done <"$1"
  rm -f "$list"
  # The deepest first.
  grep '^d ' "$1" | sort -r | while IFS= read -r line; do
    directory=${line#d }
    if [ "$directory" = . ]; then directory=$prefix; else directory=$prefix/$directory; fi
    rmdir "$directory" 2>/dev/null || true
  done
}

if [ "$uninstall" = yes ]; then
  [ -f "$list" ] || die "nothing is installed below $prefix (there is no $list)"
  copy=$(mktemp)
  cp "$list" "$copy"
  take_away "$copy"
  rm -f "$copy"
  say "uninstalled from $prefix"
  exit 0
fi

# The last part of the names of this machine's archives.
this_machine() {
  machine=$(uname -m)
  # A shell that is translated sees another processor.
  if [ "$(sysctl -n sysctl.proc_translated 2>/dev/null)" = 1 ]; then machine=arm64; fi
  case $machine in
    x86_64 | amd64) machine=x86_64 ;;
    aarch64 | arm64) machine=aarch64 ;;
  esac
  case $(uname -s) in
    Linux) printf '%s-unknown-linux-musl' "$machine" ;;
    Darwin) printf '%s-apple-darwin' "$machine" ;;
    *) printf '%s-%s' "$machine" "$(uname -s)" ;;
  esac
}

fetch() { # NAME: from where the archives are, into $work
  case $from in
    http://* | https://*)
      if command -v curl >/dev/null 2>&1; then
        curl -fsSL -o "$work/$1" "$from/$1"
      elif command -v wget >/dev/null 2>&1; then
        wget -q -O "$work/$1" "$from/$1"
      else
        die "neither curl nor wget is there to fetch $from/$1"
      fi
      ;;
    *) cp "${from#file://}/$1" "$work/$1" ;;
  esac || die "cannot get $from/$1"
}

checksum() {
  if command -v sha256sum >/dev/null 2>&1; then
    sha256sum "$1"
  elif command -v shasum >/dev/null 2>&1; then
    shasum -a 256 "$1"
  else
    die "neither sha256sum nor shasum is there to verify the archive"
  fi
}

if [ -n "$from" ]; then
  from=${from%/}
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  trap 'exit 130' INT TERM HUP
  fetch SHA256SUMS
  target=$(this_machine)
  archive=$(sed -n "s/^[0-9a-f]* [ *]\(flowlayer-[^/]*-$target\.tar\.gz\)\$/\1/p" "$work/SHA256SUMS")
  [ -n "$archive" ] || die "there is no archive for $target in $from; build from source: cargo install flowlayer"
  fetch "$archive"
  wanted=$(sed -n "s/^\([0-9a-f]*\) [ *]$archive\$/\1/p" "$work/SHA256SUMS")
  found=$(checksum "$work/$archive")
  [ "${found%% *}" = "$wanted" ] ||
    die "$archive is not what was released: its SHA-256 is ${found%% *}, that of SHA256SUMS $wanted; nothing was installed"
  tar -xzf "$work/$archive" -C "$work"
  sh "$work/${archive%.tar.gz}/install.sh" --prefix "$prefix"
  exit
fi

[ -x "$here/bin/flowlayer" ] || die "there is no bin/flowlayer beside this file: unpack the whole archive and run it there, or say with --from where archives are"
version=$("$here/bin/flowlayer" --version 2>/dev/null) ||
  die "bin/flowlayer does not run on this machine ($(uname -s) $(uname -m)): is it the right archive?"

files=$(cd "$here" && find bin share ! -type d | LC_ALL=C sort)
# All or nothing: look before anything is written.
first=$prefix
while [ ! -e "$first" ]; do first=$(dirname "$first"); done
[ -d "$first" ] || die "$first is not a directory"
[ -w "$first" ] || die "$first cannot be written: choose a directory of your own with --prefix DIR"
for file in $files; do
  target=$prefix/$file
  if { [ -e "$target" ] || [ -L "$target" ]; } && ! ours "$file"; then
    die "$target is there already and not from here: take it away, or choose another --prefix"
  fi
done

new=$(mktemp)
trap 'rm -f "$new"' EXIT
# What an earlier installation made stays on record.
if [ -f "$list" ]; then grep '^d ' "$list" >"$new" || true; fi

directory() {
  if [ -d "$prefix/$1" ]; then return; fi
  case $1 in
    .)
      # What is above the prefix is not ours to take away again.
      mkdir -p "$(dirname "$prefix")"
      mkdir "$prefix"
      ;;
    */*)
      directory "${1%/*}"
      mkdir "$prefix/$1"
      ;;
    *)
      directory .
      mkdir "$prefix/$1"
      ;;
  esac
  printf 'd %s\n' "$1" >>"$new"
}

for file in $files share/flowlayer/install.sh; do
  directory "${file%/*}"
  from=$here/$file
  [ "$file" = share/flowlayer/install.sh ] && from=$here/install.sh
  target=$prefix/$file
  if [ -L "$from" ]; then
    ln -sf "$(readlink "$from")" "$target"
  else
    # A program that is running is replaced, not written into.
    cp "$from" "$target.new"
    mv -f "$target.new" "$target"
  fi
  printf 'f %s\n' "$file" >>"$new"
done

# Files of the version before that this one has no more.
if [ -f "$list" ]; then
  grep '^f ' "$list" | while IFS= read -r line; do
    grep -Fqx "$line" "$new" || rm -f "$prefix/${line#f }"
  done
fi
cp "$new" "$list"

say "installed $version below $prefix"
case :${PATH-}: in
  *":$prefix/bin:"*) ;;
  *) say "$prefix/bin is not in your PATH; add to the profile of your shell: export PATH=\"$prefix/bin:\$PATH\"" ;;
esac
say "take it away with: sh $(quoted "$prefix/share/flowlayer/install.sh") --uninstall"
