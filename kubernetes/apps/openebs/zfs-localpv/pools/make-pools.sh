#!/bin/sh
# Makes the ZFS pools of the node that it runs on, each once, on the disks that the stack file names and on no other.
# ZFS_POOLS has those of all nodes, with semicolons between them: NODE POOL ASHIFT LAYOUT DISK..., where a disk is a
# regular expression for its names below /dev. zpool is the host's own, with the host's root in /host
# (https://github.com/siderolabs/extensions/tree/main/storage/zfs). No braces after a dollar: Flux would fill them in.
set -euf

failed=0

zpool() { chroot /host /usr/local/sbin/zpool "$@"; }

complain() {
  echo "$NODE_NAME, pool $pool: $1" >&2
  wrong=1 failed=1
}

# zeros prints how many of the 2048 sectors' bytes from the given one on can be read, and are zero.
zeros() { dd if="$1" bs=512 count=2048 skip="$2" 2>/dev/null | tr -dc '\000' | wc -c; }

# blank is true of a disk whose first and last MiB hold nothing. Every partition table, file system and pool has
# something there, and `talosctl wipe disk` clears no more.
blank() {
  sectors=$(($(blockdev --getsize64 "$1") / 512))
  [ "$sectors" -gt 4096 ] && [ $(($(zeros "$1" 0) + $(zeros "$1" $((sectors - 2048))))) -eq 2097152 ]
}

# find_disk leaves a name of the one disk that the expression matches in $name, or says what is wrong.
find_disk() {
  name= device=
  for link in $(find /host/dev | sed 's#^/host##' | grep -Ex "$1" | sort); do
    to=$(readlink -f "/host$link")
    if [ -n "$device" ] && [ "$to" != "$device" ]; then
      complain "$1 matches $name and $link, which are two disks"
      return
    fi
    device=$to
    [ -n "$name" ] || name=$link
  done
  if [ -z "$name" ]; then
    complain "there is no disk $1"
  elif ! blank "$device"; then
    complain "$name holds something, and is left as it is; if nobody needs that: talosctl -n $NODE_NAME wipe disk $(basename "$device")"
  fi
}

make() {
  [ "$layout" != stripe ] || layout=
  chosen= wrong=0
  for disk in $1; do
    find_disk "$disk"
    chosen="$chosen $name"
  done
  [ "$wrong" -ne 0 ] || zpool create -m legacy -o "ashift=$ashift" "$pool" $layout $chosen
}

# A node without a pool has no zpool either.
mine=$(echo "$ZFS_POOLS" | tr ';' '\n' | grep "^ *$NODE_NAME ") || exit 0

there=$(zpool list -H -o name)
while read -r _ pool ashift layout disks; do
  echo "$there" | grep -Fqx "$pool" || make "$disks"
done <<END
$mine
END
exit "$failed"
