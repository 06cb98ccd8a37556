//! The client of a service: its address, its certificates and its proxy.

use std::{error::Error, io};

use reqwest::{
    Client, ClientBuilder, Url,
    header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue},
    redirect,
};
use secrecy::ExposeSecret;

use super::{HeaderText, Settings};

/// Why a service cannot be set up.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HttpError {
    /// The address is none.
    #[error("`{url}` is no address of a service: {problem}")]
    Address {
        /// The address without what may be secret.
        url: String,
        /// What is wrong with it.
        problem: String,
    },
    /// The address holds a user name or a password.
    #[error(
        "the address of the service holds a user name or a password before the `@`: leave them out, and name the key's environment variable instead"
    )]
    Credentials,
    /// A header has a name or a value that none can have.
    #[error(
        "the header `{0}` has a value that no header can have, such as a line break within a key"
    )]
    Header(&'static str),
    /// A limit of 0 would let nothing through.
    #[error("the limit `{0}` is 0, which lets no request through: leave it out for no limit")]
    NoRate(&'static str),
    /// The client cannot be made.
    #[error("no client can be made: {0}")]
    Client(String),
}

/// The address of a service.
#[derive(Clone)]
pub(super) struct Address(Url);

impl Address {
    pub(super) fn parse(text: &str) -> Result<Self, HttpError> {
        let problem = |problem: String| HttpError::Address {
            // Whatever follows may be a secret.
            url: text.split(['?', '#']).next().unwrap_or_default().to_owned(),
            problem,
        };
        let authority = text.split("://").nth(1).unwrap_or(text);
        if authority
            .split(['/', '?', '#'])
            .next()
            .is_some_and(|host| host.contains('@'))
        {
            return Err(HttpError::Credentials);
        }
        let url = Url::parse(text).map_err(|error| problem(error.to_string()))?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(HttpError::Credentials);
        }
        if !matches!(url.scheme(), "http" | "https") {
            return Err(problem(
                "it must begin with `https://` or `http://`".to_owned(),
            ));
        }
        if url.fragment().is_some() {
            return Err(problem("it must not have a part after `#`".to_owned()));
        }
        Ok(Self(url))
    }

    /// The address with a path at its end; a query of the path comes after that of the address.
    pub(super) fn join(&self, path: &str) -> Url {
        let (path, query) = path
            .split_once('?')
            .map_or((path, None), |(path, query)| (path, Some(query)));
        let mut url = self.0.clone();
        url.set_path(&format!(
            "{}/{}",
            self.0.path().trim_end_matches('/'),
            path.trim_start_matches('/')
        ));
        if let Some(query) = query {
            let whole = self
                .0
                .query()
                .map_or_else(|| query.to_owned(), |own| format!("{own}&{query}"));
            url.set_query(Some(&whole));
        }
        url
    }

    /// Whether it is this machine.
    fn is_loopback(&self) -> bool {
        self.0.host_str().is_some_and(|host| {
            let host = host.trim_start_matches('[').trim_end_matches(']');
            host == "localhost"
                || host.ends_with(".localhost")
                || host
                    .parse::<std::net::IpAddr>()
                    .is_ok_and(|address| address.is_loopback())
        })
    }
}

/// An address as it may be shown: without query.
pub(super) fn shown(url: &Url) -> String {
    let mut url = url.clone();
    url.set_query(None);
    url.set_fragment(None);
    // These fail only for addresses without a host, which have neither.
    let _ = (url.set_username(""), url.set_password(None));
    url.to_string()
}

/// Makes the one client of a service.
pub(super) fn client(settings: &Settings, address: &Address) -> Result<Client, HttpError> {
    let headers = headers(settings)?;
    // It fails when a provider is there already, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let whole = |builder: ClientBuilder| -> Result<Client, reqwest::Error> {
        let builder = builder
            .default_headers(headers.clone())
            .user_agent(concat!("dreamtrial/", env!("CARGO_PKG_VERSION")))
            // A key goes to the host that it was given for and to no other.
            .redirect(redirect::Policy::none())
            // Every attempt is counted, so none is made behind our back.
            .retry(reqwest::retry::never())
            // One connection for each call in flight: over HTTP/2 a service's limit on streams would make
            // calls wait where no limit of ours sees them, and one lost connection would end them all.
            .http1_only()
            .tcp_nodelay(true)
            .connect_timeout(settings.timeouts.connect);
        // A proxy cannot reach what runs on this machine.
        if address.is_loopback() {
            builder.no_proxy()
        } else {
            builder
        }
        .build()
    };
    // The system's certificates, or those that `SSL_CERT_FILE` and `SSL_CERT_DIR` name. Where there are
    // none, as in a slim container, the ones that are built in.
    whole(Client::builder())
        .or_else(|_| whole(Client::builder().tls_backend_preconfigured(built_in_certificates())))
        .map_err(|error| HttpError::Client(root_cause(&error)))
}

fn built_in_certificates() -> rustls::ClientConfig {
    let roots = rustls::RootCertStore {
        roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
    };
    rustls::ClientConfig::builder()
        .with_root_certificates(roots)
        .with_no_client_auth()
}

fn headers(settings: &Settings) -> Result<HeaderMap, HttpError> {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    for header in &settings.headers {
        let wrong = || HttpError::Header(header.name);
        let name = HeaderName::from_bytes(header.name.as_bytes()).map_err(|_| wrong())?;
        let value = match &header.value {
            HeaderText::Plain(text) => HeaderValue::from_str(text),
            HeaderText::Secret(text) => {
                HeaderValue::from_str(text.expose_secret()).map(|mut value| {
                    value.set_sensitive(true);
                    value
                })
            }
        };
        headers.insert(name, value.map_err(|_| wrong())?);
    }
    Ok(headers)
}

/// An error and what it came from, down to the first cause.
fn causes<'e>(error: &'e (dyn Error + 'static)) -> impl Iterator<Item = &'e (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| {
        // An I/O error does not name what it wraps as its source.
        let wrapped = error
            .downcast_ref::<io::Error>()
            .and_then(io::Error::get_ref);
        match wrapped {
            Some(wrapped) => Some(wrapped),
            None => error.source(),
        }
    })
}

/// What is at the bottom of an error; the layers above it say that there was an error.
pub(super) fn root_cause(error: &(dyn Error + 'static)) -> String {
    causes(error).last().unwrap_or(error).to_string()
}

/// Whether a connection failed because the certificate of the service is not trusted.
pub(super) fn is_distrust(error: &(dyn Error + 'static)) -> bool {
    causes(error)
        .filter_map(|cause| cause.downcast_ref::<rustls::Error>())
        .any(|cause| matches!(cause, rustls::Error::InvalidCertificate(_)))
}
