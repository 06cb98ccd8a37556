//! What the environment says of proxies and certificates. It is one for a whole process, so each case is
//! a process of its own: this test program, asked for the one test below that is otherwise left out.

use std::{
    env,
    ffi::OsStr,
    io::{Read, Write},
    net::TcpListener,
    path::{Path, PathBuf},
    sync::Arc,
    thread,
};

use rustls::{
    ServerConfig, ServerConnection, StreamOwned,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};
use tokio::process::Command;

use crate::support::fault_server::{FaultServer, answer};

use super::{service, settings};

const ADDRESS: &str = "DREAMTRIAL_TEST_ADDRESS";

#[tokio::test]
#[ignore = "the other tests of this file run it, with an environment of its own"]
async fn in_a_process_of_its_own() {
    let Some(address) = env::var_os(ADDRESS) else {
        return;
    };
    let settings = settings(&address.to_string_lossy());
    match service(settings).get("doctor", "/models").await {
        Ok(called) => println!("came: {}", String::from_utf8_lossy(&called.output)),
        Err(error) => println!("failed {:?}: {error}", error.kind),
    }
}

/// What comes of a call to an address in an environment that has these variables.
async fn outcome<V: AsRef<OsStr>>(address: &str, variables: &[(&str, V)]) -> String {
    let mut command = Command::new(env::current_exe().unwrap());
    command.args([
        "--exact",
        "http::environment::in_a_process_of_its_own",
        "--ignored",
        "--nocapture",
    ]);
    for name in [
        "http_proxy",
        "https_proxy",
        "all_proxy",
        "no_proxy",
        "SSL_CERT_FILE",
        "SSL_CERT_DIR",
    ] {
        command.env_remove(name).env_remove(name.to_uppercase());
    }
    command.env(ADDRESS, address);
    for (name, value) in variables {
        command.env(name, value);
    }
    let output = command.output().await.unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let outcome = text.lines().find_map(|line| {
        let at = line.find("came: ").or_else(|| line.find("failed "))?;
        Some(line[at..].to_owned())
    });
    outcome.unwrap_or_else(|| panic!("{text}\n{}", String::from_utf8_lossy(&output.stderr)))
}

#[tokio::test]
async fn a_proxy_is_used_but_for_what_is_excepted() {
    let server = FaultServer::start(vec![answer("200 OK", &[], "hello")]).await;
    // An address that only a proxy can find.
    assert_eq!(
        outcome("http://service.invalid", &[("HTTP_PROXY", &server.url)]).await,
        "came: hello"
    );
    let direct = server.url.replace("127.0.0.1", "0.0.0.0");
    let dead = "http://127.0.0.1:9".to_owned();
    let excepted = [
        ("HTTP_PROXY", dead.clone()),
        ("NO_PROXY", "example.com,0.0.0.0".to_owned()),
    ];
    assert_eq!(outcome(&direct, &excepted).await, "came: hello");
    assert!(
        outcome(&direct, &excepted[..1])
            .await
            .starts_with("failed ")
    );
    // No proxy reaches this machine.
    assert_eq!(
        outcome(&server.url, &[("HTTP_PROXY", dead)]).await,
        "came: hello"
    );
    let asked: Vec<String> = server
        .requests()
        .iter()
        .map(|text| text.lines().next().unwrap().to_owned())
        .collect();
    assert_eq!(
        asked,
        [
            "GET http://service.invalid/models HTTP/1.1",
            "GET /models HTTP/1.1",
            "GET /models HTTP/1.1"
        ]
    );
}

#[tokio::test]
async fn a_machine_without_certificates_makes_a_client() {
    let server = FaultServer::start(vec![answer("200 OK", &[], "hello")]).await;
    let none = tempfile::tempdir().unwrap();
    let variables = [
        ("SSL_CERT_DIR", none.path()),
        ("SSL_CERT_FILE", &none.path().join("none.pem")),
    ];
    assert_eq!(outcome(&server.url, &variables).await, "came: hello");
}

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures/http")
        .join(name)
}

/// A service over TLS that answers each of so many connections; its address.
fn secure_service(connections: usize) -> String {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let certificate = CertificateDer::from_pem_file(fixture("service.pem")).unwrap();
    let key = PrivateKeyDer::from_pem_file(fixture("service.key")).unwrap();
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    let config = Arc::new(config);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("https://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for stream in listener.incoming().take(connections) {
            let connection = ServerConnection::new(Arc::clone(&config)).unwrap();
            let mut stream = StreamOwned::new(connection, stream.unwrap());
            // A client that does not trust the certificate breaks off here.
            if stream.read(&mut [0; 4096]).is_ok() {
                let answer = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 5\r\n\r\nhello";
                stream.write_all(answer.as_bytes()).unwrap();
            }
        }
    });
    address
}

#[tokio::test]
async fn certificates_of_ones_own_are_trusted_and_no_others() {
    let address = secure_service(3);
    let own = [("SSL_CERT_FILE", fixture("ca.pem"))];
    assert_eq!(outcome(&address, &own).await, "came: hello");
    // With no certificates at all, those that are built in count, which do not know this one.
    for missing in [Vec::new(), vec![("SSL_CERT_FILE", fixture("missing.pem"))]] {
        let said = outcome(&address, &missing)
            .await
            .replace(&address, "SERVER");
        insta::allow_duplicates! {
            insta::assert_snapshot!(said, @"failed Refused: `doctor`: GET SERVER/models: no connection: invalid peer certificate: UnknownIssuer: if the service has a certificate of its own, name the file with its authority in `SSL_CERT_FILE` (1 attempt)");
        }
    }
}
