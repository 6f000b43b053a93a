//! What to install on this platform.

use std::fs;

/// The sentence that says what to install here, such as ``install the package `postgresql` …``.
pub(crate) fn advice() -> String {
    if cfg!(target_os = "macos") {
        return advice_for("macos").to_owned();
    }
    let os_release = fs::read_to_string("/etc/os-release").unwrap_or_default();
    let families = families(&os_release);
    let known = families
        .iter()
        .map(|family| advice_for(family))
        .find(|advice| *advice != UNKNOWN);
    known.unwrap_or(UNKNOWN).to_owned()
}

const UNKNOWN: &str = "install your system's PostgreSQL server package";

fn advice_for(family: &str) -> &'static str {
    match family {
        "debian" | "ubuntu" => "install the package `postgresql`: apt-get install postgresql",
        "fedora" | "rhel" | "centos" => {
            "install the package `postgresql-server`: dnf install postgresql-server"
        }
        "suse" | "opensuse" => {
            "install the package `postgresql-server`: zypper install postgresql-server"
        }
        "alpine" => "install the package `postgresql`: apk add postgresql",
        "arch" => "install the package `postgresql`: pacman -S postgresql",
        "macos" => "install the formula `postgresql@17`: brew install postgresql@17",
        _ => UNKNOWN,
    }
}

/// The distribution's own name, then those it is like, from os-release(5).
fn families(os_release: &str) -> Vec<String> {
    ["ID", "ID_LIKE"]
        .into_iter()
        .filter_map(|key| value(os_release, key))
        .flat_map(|value| {
            value
                .split_whitespace()
                .map(str::to_owned)
                .collect::<Vec<_>>()
        })
        .collect()
}

fn value<'a>(os_release: &'a str, key: &str) -> Option<&'a str> {
    let assigned = |line: &'a str| line.strip_prefix(key)?.strip_prefix('=');
    os_release
        .lines()
        .find_map(assigned)
        .map(|value| value.trim_matches(['"', '\'']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_derived_distribution_gets_its_ancestors_package() {
        let mint = "NAME=\"Linux Mint\"\nID=linuxmint\nID_LIKE=\"ubuntu debian\"\n";
        assert_eq!(families(mint), ["linuxmint", "ubuntu", "debian"]);
        assert_eq!(advice_for("linuxmint"), UNKNOWN);
        assert!(advice_for("ubuntu").contains("`postgresql`"));
        assert!(advice_for("fedora").contains("`postgresql-server`"));
    }
}
