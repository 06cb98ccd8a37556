//! The local server of the Managed Agents API in the process of a test, for clients that are programs.

use std::net::SocketAddr;

use dreamtrial::serve::{Server, Settings};
use tokio::runtime::Runtime;

/// A server that runs until this is dropped.
pub(crate) struct ManagedServer {
    pub(crate) address: SocketAddr,
    runtime: Option<Runtime>,
}

impl ManagedServer {
    pub(crate) fn start(settings: Settings) -> Self {
        // On a thread of its own, because a test may have a runtime itself.
        let started = std::thread::spawn(|| {
            let runtime = tokio::runtime::Builder::new_multi_thread()
                .worker_threads(2)
                .enable_all()
                .build()
                .unwrap();
            let server = runtime.block_on(Server::bind(settings)).unwrap();
            let address = server.address();
            runtime.spawn(server.serve(std::future::pending()));
            Self {
                address,
                runtime: Some(runtime),
            }
        });
        started.join().unwrap()
    }
}

impl Drop for ManagedServer {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
