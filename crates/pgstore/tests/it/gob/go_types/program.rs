//! A Go program with random types, built and running.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use pgstore::GoPeer;
use serde_json::{Value, json};

use crate::support::go::{go_tool, typegen};

pub(super) struct Program {
    process: Child,
    questions: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
    /// The registered names of the random types.
    pub(super) types: Vec<String>,
    /// The declarations by name, for messages.
    pub(super) declared: Value,
    pub(super) peer: GoPeer,
}

impl Program {
    /// Writes, builds and starts the program of this seed.
    pub(super) fn start(seed: u64, count: usize) -> Self {
        let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("go-types-{seed}"));
        typegen(seed, count, &dir);
        let built = Command::new(go_tool())
            .args(["build", "-buildvcs=false", "-o", "app", "."])
            .current_dir(&dir)
            .output()
            .expect("Go runs");
        let errors = String::from_utf8_lossy(&built.stderr);
        assert!(built.status.success(), "seed {seed}: {errors}");
        let mut process = Command::new(dir.join("app"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("it starts");
        std::fs::remove_dir_all(&dir).expect("the program runs on without its file");
        let questions = process.stdin.take();
        let answers = BufReader::new(process.stdout.take().expect("it is piped"));
        let mut program = Self {
            process,
            questions,
            answers,
            types: Vec::new(),
            declared: Value::Null,
            peer: GoPeer::None,
        };
        program.learn_types();
        program
    }

    fn learn_types(&mut self) {
        let answer = self.ask(&json!({"op": "types"}));
        self.types = texts(&answer["types"]);
        self.declared = answer["declared"].clone();
        let declared = self.declared.as_object().expect("it is an object").iter();
        let declared = declared.map(|(name, text)| (name.clone(), text.as_str().unwrap()));
        let registered = GoPeer::registered(texts(&answer["registered"]));
        self.peer = registered.declaring(declared).unwrap();
    }

    /// A random session of Go, with a value of the type under `k`. `None` if Go itself cannot read
    /// it back.
    pub(super) fn write(&mut self, ty: usize, seed: u64) -> Option<(Vec<u8>, Value)> {
        let answer = self.ask(&json!({"op": "write", "type": ty, "seed": seed}));
        let hex = answer["hex"].as_str()?.as_bytes();
        let gob = data_encoding::HEXLOWER.decode(hex).unwrap();
        Some((gob, answer["value"].clone()))
    }

    /// What Go reads.
    pub(super) fn read(&mut self, gob: &[u8]) -> Result<Value, String> {
        let hex = data_encoding::HEXLOWER.encode(gob);
        let answer = self.ask(&json!({"op": "read", "hex": hex}));
        match answer["ok"].as_bool() {
            Some(true) => Ok(answer["value"].clone()),
            _ => Err(format!("Go has lost the session: {}", answer["error"])),
        }
    }

    fn ask(&mut self, question: &Value) -> Value {
        let questions = self.questions.as_mut().expect("it is open");
        writeln!(questions, "{question}").expect("the program reads");
        let mut line = String::new();
        self.answers.read_line(&mut line).expect("it answers");
        let mut answer = serde_json::Deserializer::from_str(&line);
        answer.disable_recursion_limit();
        serde::Deserialize::deserialize(&mut answer).expect("the answer is JSON")
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.questions = None; // At the end of its input the program ends.
        let _ = self.process.wait();
    }
}

fn texts(list: &Value) -> Vec<String> {
    let list = list.as_array().expect("it is a list").iter();
    list.map(|text| text.as_str().unwrap().to_owned()).collect()
}
