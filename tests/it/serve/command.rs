//! `dreamtrial serve` as a process.

use tempfile::TempDir;

use crate::command_line::{dreamtrial, text};

#[test]
fn wrong_use_is_said_before_anything_listens() {
    let folder = TempDir::new().unwrap();
    let keys = folder.path().join("keys");
    std::fs::write(&keys, "# nobody\n").unwrap();
    let keys = keys.display().to_string();
    for (arguments, code, words) in [
        (&["--keys", &keys][..], 2, "has no keys"),
        (&["--keys", "missing"], 2, "cannot read `missing`"),
        (&["--database", ""], 2, "`--database`: no database is named"),
        (&["--fault-overloaded", "1.5"], 2, "is no share"),
        (&["--fault-overloaded", "NaN"], 2, "is no share"),
        (
            &["--database", "no/such/folder/file.db"],
            1,
            "cannot open database",
        ),
        (
            &["--database", "README.md"],
            1,
            "is not the database of a server",
        ),
    ] {
        let output = dreamtrial()
            .args(["serve", "--address", "127.0.0.1:0"])
            .args(arguments)
            .output()
            .unwrap();
        let stderr = text(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {stderr}");
        assert!(stderr.contains(words), "{arguments:?}: {stderr}");
    }
}

#[cfg(unix)]
#[test]
fn it_says_its_address_holds_its_database_and_stops_when_told() {
    use std::{
        io::{Read as _, Write as _},
        net::TcpStream,
    };

    use super::process::{Process, serve};

    let folder = TempDir::new().unwrap();
    let database = folder.path().join("objects.db");
    let mut process = Process::start(&database, &[]);
    let mut connection = TcpStream::connect(process.address).unwrap();
    connection
        .write_all(b"GET /v1/agents HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n")
        .unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 401 "), "{answer}");

    let second = serve(&database).output().unwrap();
    assert_eq!(second.status.code(), Some(1));
    assert!(text(&second.stderr).contains("is in use by another server"));

    let pid = rustix::process::Pid::from_child(&process.child);
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    assert_eq!(process.child.wait().unwrap().code(), Some(0));
}
