//! Whole runs through a server that others wrote: the proxy of `LiteLLM`, unmodified, on loopback.
//!
//! The proxy stands between the program and the model server of the tests, so that its reading of
//! requests and its writing of answers, streams and errors are what the program meets. Ignored unless
//! asked for, since the proxy comes from elsewhere; `CONTRIBUTING.md` says how it is had and run.

#![expect(
    clippy::disallowed_methods,
    reason = "where the proxy is stands in the environment, and how long it takes to start is up to it"
)]

use std::{
    fs::{self, File},
    io::{Read as _, Write as _},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use dreamtrial::{experiment::live::Provider, record::Record, transcript::Usage};

use crate::{
    live::{KEY, shows_the_same},
    support::model_server::ModelServer,
    world::plan,
};

/// Names the program of the proxy.
const PROXY: &str = "DREAMTRIAL_LITELLM";

/// How long the proxy may take until it serves: it loads much.
const START: Duration = Duration::from_mins(3);

/// Scenarios that are run: one of each domain, so that there are tools, documents and placebos.
const SCENARIOS: [&str; 3] = ["coding/procedure", "legal/retention", "medical/synthesis"];

/// The proxy, until this is dropped.
struct Proxy {
    child: Child,
    address: SocketAddr,
}

impl Proxy {
    /// Starts the proxy with the model `local` behind it, as this provider of `LiteLLM` at this address.
    fn start(folder: &Path, upstream: &str, base_url: &str) -> Self {
        let program = std::env::var(PROXY).unwrap_or_else(|_| {
            panic!("`{PROXY}` must name the program `litellm`; see CONTRIBUTING.md")
        });
        let config = folder.join("proxy.yaml");
        fs::write(
            &config,
            format!(
                "model_list:\n  - model_name: local\n    litellm_params:\n      model: {upstream}/local\n      api_base: {base_url}\n      api_key: {KEY}\nlitellm_settings:\n  drop_params: false\n  num_retries: 0\ngeneral_settings:\n  master_key: {KEY}\n"
            ),
        )
        .unwrap();
        let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = free.local_addr().unwrap();
        drop(free);
        let log = File::create(folder.join("proxy.log")).unwrap();
        let child = Command::new(program)
            .args(["--host", "127.0.0.1", "--port"])
            .arg(address.port().to_string())
            .arg("--config")
            .arg(&config)
            .current_dir(folder)
            .env("LITELLM_LOCAL_MODEL_COST_MAP", "True")
            .env("LITELLM_TELEMETRY", "False")
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        let mut proxy = Self { child, address };
        let begun = Instant::now();
        while !proxy.is_ready() {
            let ended = proxy.child.try_wait().unwrap();
            assert!(
                ended.is_none() && begun.elapsed() < START,
                "the proxy does not serve: {ended:?}\n{}",
                fs::read_to_string(folder.join("proxy.log")).unwrap()
            );
            std::thread::sleep(Duration::from_millis(200));
        }
        proxy
    }

    /// What it says of its health, asked by hand so that nothing of the program under test takes part.
    fn is_ready(&self) -> bool {
        let ask = || -> std::io::Result<String> {
            let mut stream = TcpStream::connect(self.address)?;
            stream.set_read_timeout(Some(Duration::from_secs(10)))?;
            stream.write_all(
                b"GET /health/readiness HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n",
            )?;
            let mut answer = String::new();
            stream.read_to_string(&mut answer)?;
            Ok(answer)
        };
        ask().is_ok_and(|answer| answer.starts_with("HTTP/1.1 200"))
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Everything that the record counts as used.
fn recorded(record: &Record) -> Usage {
    let spending = record.spending().unwrap();
    spending
        .values()
        .flat_map(|account| account.values())
        .fold(Usage::default(), |sum, spent| sum + spent.usage)
}

/// Runs through the proxy, asked in one format and asking the server in another (`upstream` is what
/// `LiteLLM` calls it). Gives what the record counts and what the server sent.
fn through_the_proxy(asked: Provider, upstream: &str, asking: Provider) -> (Usage, Usage) {
    let folder = tempfile::tempdir().unwrap();
    let plan = Arc::new(plan("standard.yaml", 1, |name| SCENARIOS.contains(&name)));
    let server = ModelServer::start(Arc::clone(&plan));
    let proxy = Proxy::start(folder.path(), upstream, &server.base_url(asking));
    let address = match asked {
        Provider::Anthropic => format!("http://{}", proxy.address),
        Provider::Openai => format!("http://{}/v1", proxy.address),
    };
    let live = shows_the_same(&plan, &SCENARIOS, (asked, &address), folder.path());
    assert_eq!(server.counts.refused.lock().unwrap().as_slice(), [""; 0]);
    let sent = *server.counts.usage.lock().unwrap();
    (recorded(&live), sent)
}

#[test]
#[ignore = "needs the proxy of LiteLLM, which `DREAMTRIAL_LITELLM` names"]
fn chat_completions_pass_through_a_proxy() {
    let (recorded, sent) = through_the_proxy(Provider::Openai, "openai", Provider::Openai);
    assert_eq!(recorded, sent);
}

#[test]
#[ignore = "needs the proxy of LiteLLM, which `DREAMTRIAL_LITELLM` names"]
fn the_messages_api_passes_through_a_proxy() {
    let (recorded, sent) = through_the_proxy(Provider::Anthropic, "anthropic", Provider::Anthropic);
    assert_eq!(recorded, sent);
}
