//! The types of single settings: each exists only when its text was valid.

use std::fmt;
use std::str::FromStr;

/// A text that is not a value of the type; the setting's table entry says what is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Invalid;

/// A password. It prints as `***`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Hides `text`.
    pub fn new(text: String) -> Self {
        Self(text)
    }

    /// The password itself, for the one place that sends it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// An `http://` or `https://` address with a host, without user, query, fragment or final slash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpUrl(String);

impl HttpUrl {
    /// The address, never ending in a slash.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for HttpUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for HttpUrl {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let (scheme, rest) = text.split_once("://").ok_or(Invalid)?;
        let scheme = scheme.to_ascii_lowercase();
        let plain = rest.chars().all(|c| c.is_ascii_graphic() && !"@?#\\\"<>`{}|^".contains(c));
        if !plain || !["http", "https"].contains(&scheme.as_str()) {
            return Err(Invalid);
        }
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        // `[::1]:8086` has colons before its port.
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
            _ => (authority, None),
        };
        let port_is_good = port
            .is_none_or(|port| port.bytes().all(|b| b.is_ascii_digit()) && port.parse::<u16>().is_ok_and(|p| p > 0));
        let bracketed = host.starts_with('[') && host.ends_with(']');
        if host.is_empty() || !port_is_good || (host.contains([':', '[', ']']) && !bracketed) {
            return Err(Invalid);
        }
        let path = path.trim_end_matches('/');
        let slash = if path.is_empty() { "" } else { "/" };
        Ok(Self(format!("{scheme}://{authority}{slash}{path}")))
    }
}

/// How fast a recording is replayed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Speed {
    /// As fast as it goes.
    Max,
    /// This many times as fast as it was recorded, from 0.001 to 1,000,000.
    Factor(f64),
}

impl FromStr for Speed {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        if text.eq_ignore_ascii_case("max") {
            return Ok(Self::Max);
        }
        // The bounds keep every pause of a replay within what a timer can hold.
        match text.parse() {
            Ok(factor) if (0.001..=1e6).contains(&factor) => Ok(Self::Factor(factor)),
            _ => Err(Invalid),
        }
    }
}

/// `Name::from_str` for enums with one word per value, in any case.
macro_rules! words {
    ($type:ident: $($word:literal => $value:ident),+) => {
        impl FromStr for $type {
            type Err = Invalid;

            fn from_str(text: &str) -> Result<Self, Invalid> {
                match text.to_ascii_lowercase().as_str() {
                    $($word => Ok(Self::$value),)+
                    _ => Err(Invalid),
                }
            }
        }
    };
}

/// Where samples come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SourceKind {
    /// `InfluxDB` 1.x.
    InfluxDb,
    /// A recording folder.
    Recording,
}

words!(SourceKind: "influxdb" => InfluxDb, "recording" => Recording);

/// How to log in to the API server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// By kubeconfig, from outside of the cluster.
    Kubeconfig,
    /// By the pod's service account.
    ServiceAccount,
}

words!(Access: "true" => Kubeconfig, "false" => ServiceAccount);

/// The form of log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

words!(LogFormat: "text" => Text, "json" => Json);

/// A level as Spring Boot names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Level {
    Trace,
    Debug,
    Info,
    Warn,
    Error,
    Off,
}

// `false` is Spring Boot's other word for OFF; tracing has no level above ERROR.
words!(Level: "trace" => Trace, "debug" => Debug, "info" => Info, "warn" => Warn,
    "error" => Error, "fatal" => Error, "off" => Off, "false" => Off);

impl Level {
    /// The directive of a tracing filter.
    pub(super) fn directive(self) -> &'static str {
        match self {
            Self::Trace => "trace",
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
            Self::Off => "off",
        }
    }
}

/// Whether `text` can be the name of a namespace (an RFC 1123 label).
pub(super) fn is_namespace(text: &str) -> bool {
    let inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    (1..=63).contains(&text.len()) && text.bytes().all(inner) && !text.starts_with('-') && !text.ends_with('-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_url(text: &str, expected: Option<&str>) {
        let url = text.parse::<HttpUrl>().ok();
        assert_eq!(url.as_ref().map(HttpUrl::as_str), expected, "{text}");
    }

    #[test]
    fn addresses_are_http_with_a_host() {
        check_url("http://influxdb:8086", Some("http://influxdb:8086"));
        check_url("HTTPS://i.example/db//", Some("https://i.example/db"));
        check_url("http://[::1]:8086/", Some("http://[::1]:8086"));
        check_url("http://[::1]", Some("http://[::1]"));
        for bad in [
            "influxdb:8086",
            "ftp://i",
            "http://",
            "http:///x",
            "http://i:0",
            "http://i:65536",
            "http://i:+1",
            "http://i:",
            "http://u:p@i",
            "http://i?db=x",
            "http://i j",
            "http://i\u{7f}",
            "http://::1",
            "http://:8086",
        ] {
            check_url(bad, None);
        }
    }

    #[test]
    fn speeds_are_max_or_a_positive_factor() {
        assert_eq!("Max".parse(), Ok(Speed::Max));
        assert_eq!("2.5".parse(), Ok(Speed::Factor(2.5)));
        for bad in ["0", "-1", "NaN", "inf", "1e-9", "fast"] {
            assert_eq!(bad.parse::<Speed>(), Err(Invalid), "{bad}");
        }
    }

    #[test]
    fn a_secret_prints_as_stars() {
        let secret = Secret::new("geheim".to_owned());
        assert_eq!(format!("{secret} {secret:?}"), "*** ***");
        assert_eq!(secret.expose(), "geheim");
    }

    #[test]
    fn namespaces_are_labels() {
        assert!(is_namespace("kube-system") && is_namespace("1a"));
        for bad in ["", "A", "a.b", "-a", "a-", "a b", &"a".repeat(64)] {
            assert!(!is_namespace(bad), "{bad}");
        }
    }
}
