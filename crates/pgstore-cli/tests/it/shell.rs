//! What a shell needs: variables of psql, suggestions, completions, manual pages.

use std::process::Command;
use std::{env, fs, process};

use crate::support::schema::{Schema, server_url};
use crate::support::{apply, command, ran, run, trial};

#[apply(trial)]
fn the_variables_of_psql_are_enough() {
    let schema = Schema::new("variables");
    schema.run(&["migrate"]);
    let url = server_url().strip_prefix("postgres://").unwrap();
    let (user, rest) = url.split_once('@').unwrap();
    let (host, rest) = rest.split_once(':').unwrap();
    let (port, rest) = rest.split_once('/').unwrap();
    let database = rest.split('?').next().unwrap();
    let table = schema.table();
    let with = |arguments: &[&str]| {
        let mut command = command(&[arguments, &["--table", &table]].concat());
        let variables = [
            ("PGHOST", host),
            ("PGPORT", port),
            ("PGUSER", user),
            ("PGDATABASE", database),
            ("DATABASE_URL", ""),
        ];
        command.envs(variables);
        ran(command)
    };
    assert_eq!(with(&["migrate", "--check"]).code, 0);
    assert_eq!(with(&["sweep"]).stdout, "removed 0 rows\n");
    assert_eq!(with(&["stats"]).code, 0);
    let none = run(&["stats"]);
    assert!(none.error(2).contains("PGHOST"), "{none:?}");
}

#[apply(trial)]
fn a_typo_gets_a_suggestion() {
    for (arguments, meant) in [
        (&["stat"][..], "did you mean stats?"),
        (&["sessions", "--onwer", "SECRET"], "did you mean --owner?"),
        (&["doctor", "--ignore", "poler"], "did you mean pooler?"),
        (&["completions", "bsh"], "did you mean bash?"),
        (&["migrate", "--chekc"], "did you mean --check?"),
    ] {
        let ran = run(arguments);
        let line = ran.error(2);
        assert!(line.contains(meant) && !line.contains("SECRET"), "{line}");
    }
}

#[apply(trial)]
fn bash_completes_commands_options_and_values() {
    let script = run(&["completions", "bash"]).stdout;
    let complete = |words: &[&str]| {
        let (last, place) = (words[words.len() - 1], words.len() - 1);
        let before = words[words.len() - 2];
        let test = format!(
            "{script}\nCOMP_WORDS=({}); COMP_CWORD={place}; _pgstore pgstore '{last}' '{before}'; \
             echo \"${{COMPREPLY[@]}}\"",
            words.join(" ")
        );
        let output = Command::new("bash").args(["-c", &test]).output().unwrap();
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    };
    assert_eq!(complete(&["pgstore", "sta"]), "stats");
    assert_eq!(complete(&["pgstore", "revoke", "--iss"]), "--issued-before");
    assert_eq!(
        complete(&["pgstore", "doctor", "--ignore", "poo"]),
        "pooler"
    );
    for shell in ["zsh", "fish", "elvish", "powershell"] {
        assert!(
            run(&["completions", shell])
                .stdout
                .contains("issued-before"),
            "{shell}"
        );
    }
}

#[apply(trial)]
fn each_command_has_a_manual_page() {
    let folder = env::temp_dir().join(format!("pgstore-man-{}", process::id()));
    fs::create_dir_all(&folder).unwrap();
    let written = run(&["man", folder.to_str().unwrap()]);
    assert_eq!(
        (written.code, written.stdout.as_str()),
        (0, ""),
        "{written:?}"
    );
    let page = |name: &str| fs::read_to_string(folder.join(name)).unwrap();
    for command in [
        "stats", "sessions", "revoke", "doctor", "sweep", "migrate", "keygen", "inspect",
    ] {
        let text = page(&format!("pgstore-{command}.1"));
        assert!(
            text.contains(".TH") && text.contains("\\-\\-"),
            "{command}: {text}"
        );
        assert!(page("pgstore.1").contains(command));
    }
    fs::remove_dir_all(&folder).unwrap();
    run(&["man", folder.to_str().unwrap()]).error(1);
}
