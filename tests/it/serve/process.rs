//! The server as a process of its own, as users start it.

use std::{
    io::{BufRead as _, BufReader},
    net::SocketAddr,
    path::Path,
    process::{Child, Command, Stdio},
};

use super::Local;
use crate::command_line::dreamtrial;

/// A server as a process, which is killed when this is dropped.
pub(super) struct Process {
    pub(super) child: Child,
    pub(super) address: SocketAddr,
}

/// The command that starts a server on a database, at a free port.
pub(super) fn serve(database: &Path) -> Command {
    let mut command = dreamtrial();
    command
        .args(["serve", "--address", "127.0.0.1:0", "--database"])
        .arg(database);
    command
}

impl Process {
    /// Starts a server with some more arguments, and waits until it says its address.
    pub(super) fn start(database: &Path, arguments: &[&str]) -> Self {
        let mut child = serve(database)
            .args(arguments)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let address = line.trim_end().strip_prefix("http://").unwrap();
        Self {
            address: address.parse().unwrap(),
            child,
        }
    }

    /// A client of it.
    pub(super) fn client(&self) -> Local {
        Local::at(self.address)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // What has ended already cannot be killed, and that is as well.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
