# $1 is the folder, and stdin a pipe whose other end only the owner holds.
# Everything started for this cluster is in this script's process group.

PATH=$PATH:/usr/bin:/bin
pid_file=$1/data/postmaster.pid

server_runs() {
    [ -e "$pid_file" ] && read -r pid <"$pid_file" && kill -0 "$pid"
}

# A server that was killed leaves a segment of shared memory behind: the eighth word below.
free_shared_memory() {
    { read -r _ && read -r _ && read -r _ && read -r _ && read -r _ && read -r _ &&
        read -r _ segment; } <"$pid_file" && ipcrm -m "$segment"
}

# 1. Signals meant for the owner's terminal, and ours below, are not for us.
trap '' HUP INT QUIT TERM PIPE

# 2. Who makes the folder removes it; if the name is taken, nobody does.
mkdir -m 700 "$1" || exit 1
echo ready
exec >/dev/null 2>&1

# 3. Wait for the owner's end.
while read -r _; do :; done

# 4. Stop the server at once, or initdb; they are given 10 s.
kill -QUIT 0
turns=0
while server_runs && [ "$turns" -lt 200 ]; do
    turns=$((turns + 1))
    sleep 0.05 || sleep 1
done
[ -e "$pid_file" ] && free_shared_memory

# 5. Remove the folder, again if a dying process wrote into it meanwhile.
turns=0
until rm -rf "$1" && ! [ -e "$1" ] || [ "$turns" -ge 200 ]; do
    turns=$((turns + 1))
    sleep 0.05 || sleep 1
done

# 6. Nothing of the group survives, not even this.
kill -KILL 0
