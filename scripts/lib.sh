# Sourced by the other scripts and .ci/run. Each need_* function uses the installed tool;
# if it is missing, it says so and installs it; if that fails, it says what to install.
# shellcheck shell=sh

say() {
    printf '%s\n' "$*" >&2
}

die() {
    say "error: $*"
    exit 1
}

has() {
    command -v "$1" >/dev/null 2>&1
}

# need_cargo: checks for the Rust version that Cargo.toml states, also in rustup's folders off PATH.
need_cargo() {
    has cargo || PATH=$PATH:${CARGO_HOME:-${HOME:-}/.cargo}/bin:/usr/local/cargo/bin
    export PATH
    has cargo || die "Rust is missing. Install it with rustup: https://rustup.rs"
    wanted=$(sed -n 's/^rust-version = "\(.*\)"$/\1/p' Cargo.toml)
    present=$(cargo --version | cut -d ' ' -f 2)
    at_least "$present" "$wanted" ||
        die "Rust $wanted or newer is needed; cargo is $present. Update it: rustup update stable"
}

# need_linker: checks for the C compiler, with which rustc links.
need_linker() {
    has cc && return
    install_packages "a C compiler, which rustc links with" "gcc libc6-dev" "gcc" ""
    has cc || die "a C compiler (cc) is still missing"
}

# need_postgres: checks for the server's binaries in the places where crates/pgstore-embedded looks.
need_postgres() {
    has_postgres && return
    install_packages "PostgreSQL's server" "postgresql" "postgresql-server" "postgresql@17"
    has_postgres || die "PostgreSQL's server binaries (initdb, postgres) are still missing"
}

has_postgres() {
    for folder in "$(pg_config --bindir 2>/dev/null)" "$(dirname "$(command -v initdb || echo .)")" \
        /usr/lib/postgresql/*/bin /usr/pgsql-*/bin /usr/libexec/postgresql* /usr/lib/postgresql*/bin \
        /opt/homebrew/opt/postgresql*/bin /usr/local/opt/postgresql*/bin \
        /home/linuxbrew/.linuxbrew/opt/postgresql*/bin \
        /Applications/Postgres.app/Contents/Versions/*/bin; do
        [ -x "$folder/initdb" ] && [ -x "$folder/postgres" ] && return
    done
    return 1
}

# What scripts/test --all runs on and through.
POSTGRES_MAJORS="14 15 16 17 18"
POOLERS="transaction session pgpool"

# use_postgres MAJOR: makes the tests' own servers run this version of PostgreSQL. Its binaries are fetched
# once, as a Maven artifact, into target/postgres/MAJOR.
use_postgres() {
    case " $POSTGRES_MAJORS " in
    *" $1 "*) ;;
    *) die "--postgres takes one of $POSTGRES_MAJORS, not '$1'" ;;
    esac
    postgres_home=$(postgres_folder "$1")
    [ -x "$postgres_home/bin/initdb" ] && [ -e "$postgres_home/complete" ] || fetch_postgres "$1"
    PGSTORE_POSTGRES_BIN=$postgres_home/bin
    export PGSTORE_POSTGRES_BIN
    say "the tests' own servers are $("$PGSTORE_POSTGRES_BIN/postgres" --version)"
}

# Root's servers run as another user, who may be unable to enter the checkout.
postgres_folder() {
    folder=$PWD/target/postgres
    mkdir -p "$folder"
    if [ "$(id -u)" -eq 0 ] && ! su -s /bin/sh nobody -c "test -x '$folder'"; then
        folder=/var/tmp/pgstore-postgres
        mkdir -p "$folder"
        [ -O "$folder" ] || die "$folder belongs to another user: remove it"
    fi
    echo "$folder/$1"
}

fetch_postgres() {
    case $(uname -s)-$(uname -m) in
    Linux-x86_64) platform=linux-amd64 ;;
    Linux-aarch64) platform=linux-arm64v8 ;;
    *) die "there are no binaries of PostgreSQL $1 for this platform: set PGSTORE_POSTGRES_BIN to the" \
        "folder of its initdb and postgres instead" ;;
    esac
    need_tool mvn maven "Maven, which fetches PostgreSQL $1,"
    need_tool unzip unzip unzip
    need_tool xz xz-utils xz
    say "fetching PostgreSQL $1 with Maven"
    rm -rf "$postgres_home"
    mkdir -p "$postgres_home"
    postgres_pom "$1" "$platform" >"$postgres_home/pom.xml"
    mvn -q -B -f "$postgres_home/pom.xml" dependency:copy-dependencies \
        -DoutputDirectory="$postgres_home" >&2 || die "Maven could not fetch PostgreSQL $1"
    (cd "$postgres_home" && unzip -q ./*.jar '*.txz' && tar -xJf ./*.txz && rm ./*.jar ./*.txz) ||
        die "PostgreSQL $1 could not be unpacked in $postgres_home"
    chmod -R a+rX "$postgres_home"
    touch "$postgres_home/complete"
}

# A project that depends on the newest minor version: Maven resolves the range.
postgres_pom() {
    cat <<END
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>pgstore</groupId>
  <artifactId>postgres</artifactId>
  <version>0</version>
  <dependencies>
    <dependency>
      <groupId>io.zonky.test.postgres</groupId>
      <artifactId>embedded-postgres-binaries-$2</artifactId>
      <version>[$1,$(($1 + 1)))</version>
    </dependency>
  </dependencies>
</project>
END
}

# need_tool COMMAND PACKAGE WHAT: installs a program that has one package name everywhere.
need_tool() {
    has "$1" && return
    install_packages "$3" "$2" "$2" "$2"
    has "$1" || die "$3 is still missing"
}

# want_pgbouncer, want_pgpool: install a pooler if they can. Where it is missing, the trials through it are
# ignored; with CI=true they fail.
want_pgbouncer() {
    has pgbouncer && return
    (install_packages "PgBouncer" "pgbouncer" "pgbouncer" "pgbouncer") || true
    has pgbouncer || say "PgBouncer is missing: the trials through it are ignored"
}

# want_chromium: installs Chromium and its driver if it can. Where they are missing, the demo's trials in a
# browser are ignored.
want_chromium() {
    has_chromium && return
    (install_packages "Chromium with its driver" "chromium chromium-driver" "chromium chromedriver" "") || true
    has_chromium || say "Chromium or chromedriver is missing: the demo's trials in a browser are ignored"
}

has_chromium() {
    has chromedriver || return 1
    has chromium || has chromium-browser || has google-chrome || has google-chrome-stable
}

# The version of axe-core, which checks the demo's pages.
AXE=4.14.1

# want_axe: fetches axe-core into target/axe with npm if it can. Where it is missing, those checks are ignored.
want_axe() {
    axe=target/axe/package/axe.min.js
    grep -qs "v$AXE" "$axe" && return
    if ! has npm; then
        (install_packages "npm, which fetches axe-core," "npm" "npm" "node") || true
    fi
    mkdir -p target/axe
    (cd target/axe && npm pack --silent "axe-core@$AXE" && tar -xzf "axe-core-$AXE.tgz") >/dev/null 2>&1 || true
    [ -f "$axe" ] || say "axe-core could not be fetched: the checks of the demo's accessibility are ignored"
}

want_pgpool() {
    has pgpool && return
    (install_packages "Pgpool-II" "pgpool2" "pgpool-II" "pgpool-ii") || true
    has pgpool || say "Pgpool-II is missing: the trials through it are ignored"
}

# run_parts FILTER…: runs parts of the library's integration tests, whatever each run's outcome, and fails if
# one failed.
run_parts() {
    parts_status=0
    for part in "$@"; do
        cargo test -p pgstore --all-features --test it -- "$part" || parts_status=1
    done
    return "$parts_status"
}

# The oldest Go that builds interop/go, and the version to fetch where packages are older.
GO_OLDEST=1.23
GO_FETCHED=1.24.6

# need_go: finds or installs Go, and sets GO, PATH and, if needed, the folders that Go writes to.
need_go() {
    find_go || fetch_go || install_go
    PATH=$(dirname "$GO"):$PATH
    GOFLAGS="${GOFLAGS:-} -buildvcs=false" # git refuses to describe another user's checkout
    export GO PATH GOFLAGS
    go_can_write || use_own_go_folders
}

find_go() {
    for GO in "${GO:-go}" /usr/local/go/bin/go /usr/lib/go-*/bin/go /usr/lib/go/bin/go \
        /opt/homebrew/bin/go /usr/local/bin/go /snap/bin/go "${GO_FETCHED_FOLDER:-}/bin/go"; do
        GO=$(command -v "$GO") && is_recent_go && return
    done
    GO=
    return 1
}

is_recent_go() {
    at_least "$(cd / && "$GO" version 2>/dev/null | sed -n 's/^go version go\([0-9.]*\).*/\1/p')" "$GO_OLDEST"
}

install_go() {
    install_packages "Go $GO_OLDEST or newer" "golang-go $(newest_go_of_apt)" "golang" "go"
    find_go || fetch_go || die "Go $GO_OLDEST or newer is still missing"
}

# Debian and Ubuntu keep newer versions beside the default one.
newest_go_of_apt() {
    has apt-cache || return 0
    apt-cache search --names-only '^golang-1\.[0-9]+-go$' | cut -d ' ' -f 1 | sort -V | tail -n 1
}

# Lets an older Go download a newer one as a module, from the proxy that it is configured with.
fetch_go() {
    has go || return 1
    go_can_write || use_own_go_folders
    toolchain="golang.org/toolchain@v0.0.1-go$GO_FETCHED.$(go env GOOS)-$(go env GOARCH)"
    GO_FETCHED_FOLDER=$(go env GOMODCACHE)/$toolchain
    [ -d "$GO_FETCHED_FOLDER" ] ||
        say "Go is older than $GO_OLDEST: fetching $toolchain through the module proxy"
    (cd / && GO111MODULE=on go mod download "$toolchain") || return 1
    # Files of a module have no executable bits.
    chmod -R u+w "$GO_FETCHED_FOLDER"
    chmod -R +x "$GO_FETCHED_FOLDER/bin" "$GO_FETCHED_FOLDER/pkg/tool"
    find_go
}

go_can_write() {
    for variable in GOCACHE GOMODCACHE; do
        folder=$(cd / && "${GO:-go}" env $variable 2>/dev/null) && [ -n "$folder" ] || return 1
        mkdir -p "$folder" 2>/dev/null && [ -w "$folder" ] || return 1
    done
}

# For an unset or read-only HOME: folders below target/, which `cargo clean` can remove.
use_own_go_folders() {
    go_folder=${CARGO_TARGET_DIR:-$PWD/target}/go
    export GOCACHE="$go_folder/cache" GOPATH="$go_folder/path" GOMODCACHE="$go_folder/path/pkg/mod"
    export GOFLAGS="${GOFLAGS:-} -modcacherw"
    mkdir -p "$GOCACHE" "$GOMODCACHE"
}

# at_least 1.89.0 1.21: succeeds if the first version is the second or newer.
at_least() {
    [ -n "$1" ] || return 1
    at_least_major=${1%%.*} at_least_rest=${1#*.}
    [ "$at_least_major" -gt "${2%%.*}" ] && return
    [ "$at_least_major" -eq "${2%%.*}" ] && [ "${at_least_rest%%[!0-9]*}" -ge "${2#*.}" ]
}

# install_packages WHAT APT DNF BREW: installs packages with this platform's package manager.
install_packages() {
    what=$1
    if has apt-get; then
        say "$what is missing: installing $2 with apt-get"
        apt_install "$2"
    elif has dnf; then
        say "$what is missing: installing $3 with dnf"
        # shellcheck disable=SC2086 # several packages
        as_root "$3" dnf install -y $3
    elif has brew && [ -n "$4" ]; then
        say "$what is missing: installing $4 with brew"
        # shellcheck disable=SC2086
        brew install $4
    else
        die "$what is missing. Install it with your system's package manager, such as: $2"
    fi
}

apt_install() {
    # Without a fresh list, the present one may do.
    apt_get "$1" update || say "apt-get update failed; going on with the lists that there are"
    [ "$1" != postgresql ] || want_no_cluster
    status=0
    # shellcheck disable=SC2086
    apt_get "$1" install -y --no-install-recommends $1 || status=$?
    [ "$1" != postgresql ] || as_root "$1" rm -f "$NO_CLUSTER"
    return "$status"
}

# How long to wait for another apt or dpkg, such as an upgrade by the system.
APT_PATIENCE=300

# apt_get PACKAGES ARGUMENT…: runs apt-get as root. It waits by itself for dpkg's lock, but not for that of
# the lists, so it is tried again while another process holds that.
apt_get() {
    apt_packages=$1
    shift
    apt_waited=0
    apt_errors=$(mktemp)
    until as_root "$apt_packages" env LC_ALL=C DEBIAN_FRONTEND=noninteractive \
        apt-get -o DPkg::Lock::Timeout="$APT_PATIENCE" "$@" 2>"$apt_errors"; do
        cat "$apt_errors" >&2
        if ! grep -q 'Could not get lock' "$apt_errors" || [ "$apt_waited" -ge "$APT_PATIENCE" ]; then
            rm -f "$apt_errors"
            return 1
        fi
        say "another apt is at work: waiting for it"
        sleep 5
        apt_waited=$((apt_waited + 5))
    done
    cat "$apt_errors" >&2
    rm -f "$apt_errors"
}

# Only the binaries are needed: keeps Debian's package from creating and starting a cluster.
NO_CLUSTER=/etc/postgresql-common/createcluster.d/pgstore.conf
want_no_cluster() {
    as_root postgresql mkdir -p "$(dirname "$NO_CLUSTER")"
    as_root postgresql sh -c "echo 'create_main_cluster = false' >$NO_CLUSTER"
}

# as_root PACKAGES COMMAND…: runs a command as root. Without a terminal, sudo must not ask for a password.
as_root() {
    packages=$1
    shift
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif has sudo && [ -t 0 ]; then
        sudo "$@"
    elif has sudo && sudo -n true 2>/dev/null; then
        sudo -n "$@"
    else
        die "neither root nor sudo is available. Ask an administrator to install: $packages"
    fi
}
