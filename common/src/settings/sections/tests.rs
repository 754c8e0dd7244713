use std::io::Write as _;

use super::*;
use crate::settings::Program;

fn lookup(env: &[(&str, &str)]) -> Lookup {
    let env: Vec<_> = env.iter().map(|(n, v)| (n.into(), v.into())).collect();
    Lookup::gather(Program::Both, std::iter::empty(), env.into_iter(), None).unwrap()
}

const INFLUX: [(&str, &str); 2] = [("influxdb.server.url", "http://i:8086"), ("influxdb.database", "telegraf")];

#[track_caller]
fn check_source(more: &[(&str, &str)], expected: Result<Option<&str>, &str>) {
    let env = [&INFLUX[..], more].concat();
    match (lookup(&env).metrics_source(false), expected) {
        (Ok(MetricsSource::InfluxDb(influx)), Ok(password)) => {
            assert_eq!(influx.password.as_ref().map(Secret::expose), password);
        }
        (Err(error), Err(start)) => {
            assert!(error.to_string().starts_with(start), "{error}");
            assert!(!error.to_string().contains("geheim"), "{error}");
        }
        (found, _) => panic!("{found:?} instead of {expected:?}"),
    }
}

#[test]
fn everything_but_influxdb_and_the_classes_has_a_default() {
    let lookup = lookup(&[("data.aggregator.decision.tree.classifier.list", "nginx")]);
    let collecting = lookup.collecting().unwrap();
    assert_eq!(collecting.interval, Duration::from_mins(1));
    assert_eq!(collecting.fetch, Duration::from_mins(10));
    assert_eq!(collecting.label_source.text(), "label,pod-name,image");
    let training = lookup.training().unwrap();
    assert_eq!((training.iterations, training.max_number), (1, 200));
    assert_eq!((training.ratio, training.engine), (0.5, Engine::Podprint));
    let watching = lookup.watching().unwrap();
    assert_eq!(watching.timeout, Duration::from_mins(2));
    assert_eq!(watching.model, PathBuf::from("/tmp/model"));
    assert_eq!(watching.unused_watch_rate, None);
    assert_eq!(lookup.log().unwrap().filter, "info");
}

#[test]
fn both_ends_of_every_range_hold_and_nothing_beyond() {
    type Read = fn(&Lookup) -> Result<(), SettingsError>;
    let training: Read = |lookup| lookup.training().map(drop);
    let collecting: Read = |lookup| lookup.collecting().map(drop);
    let watching: Read = |lookup| lookup.watching().map(drop);
    for (name, read, good, bad) in [
        (name::TRAINING_INTERVAL, collecting, ["1000", "2592000000"], ["999", "2592000001"]),
        (name::FETCH_INTERVAL, collecting, ["1", "604800"], ["0", "604801"]),
        (name::TRAINING_ITERATIONS, training, ["1", "1000"], ["0", "1001"]),
        (name::TRAINING_RATIO, training, ["0.01", "0.99"], ["0.009", "1"]),
        (name::TRAINING_MAX_NUMBER, training, ["1", "10000"], ["-1", "10001"]),
        (name::FETCH_TIMEOUT, watching, ["1000", "86400000"], ["999", "1e5"]),
    ] {
        let with = |value| read(&lookup(&[(name, value), (name::CLASSIFIER_LIST, "nginx")]));
        assert!(good.into_iter().all(|value| with(value).is_ok()), "{name}");
        assert!(bad.into_iter().all(|value| with(value).is_err()), "{name}");
        let ends_are_said =
            good.iter().all(|end| crate::settings::setting(name).is_some_and(|s| s.allowed.contains(end)));
        assert!(ends_are_said, "{name}");
    }
}

#[test]
fn access_follows_the_place_unless_given() {
    let access = |env: &[_]| lookup(env).kubernetes().unwrap().access;
    let inside = ("KUBERNETES_SERVICE_HOST", "10.0.0.1");
    assert_eq!(access(&[]), Access::Kubeconfig);
    assert_eq!(access(&[inside]), Access::ServiceAccount);
    let given = ("kubernetes.connect.from.outside", "TRUE");
    assert_eq!(access(&[inside, given]), Access::Kubeconfig);
}

#[test]
fn influxdb_is_needed_only_when_it_is_the_source() {
    let empty = lookup(&[]);
    let error = empty.metrics_source(false).unwrap_err().to_string();
    let start = "influxdb.server.url is not set: metrics.source is influxdb; give it as";
    assert!(error.starts_with(start), "{error}");
    let max = MetricsSource::Recording(Speed::Max);
    assert_eq!(empty.metrics_source(true).unwrap(), max);
    let source = lookup(&[("metrics.source", "recording"), ("recording.speed", "60")]);
    let sixty = MetricsSource::Recording(Speed::Factor(60.0));
    assert_eq!(source.metrics_source(false).unwrap(), sixty);
}

#[test]
fn a_password_comes_from_one_place() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(b"geheim\n").unwrap();
    let file = ("influxdb.password.file", file.path().to_str().unwrap());
    let user = ("influxdb.username", "u");
    let direct = ("influxdb.password", "geheim");
    check_source(&[], Ok(None));
    check_source(&[user, direct], Ok(Some("geheim")));
    check_source(&[user, file], Ok(Some("geheim")));
    check_source(
        &[user, direct, file],
        Err("influxdb.password (environment variable influxdb.password) and \
             influxdb.password.file (environment variable influxdb.password.file) are both set"),
    );
    check_source(&[direct], Err("influxdb.username is not set: influxdb has a password"));
    check_source(
        &[user, ("influxdb.password.file", "/no/such")],
        Err("influxdb.password.file: cannot read file /no/such"),
    );
}

#[test]
fn an_address_with_a_login_is_refused_without_the_login() {
    check_source(&[("INFLUXDB_SERVER_URL", "http://i:8086")], Ok(None));
    let env = [("influxdb.server.url", "http://u:geheim@i"), ("influxdb.database", "d")];
    let error = lookup(&env).metrics_source(false).unwrap_err().to_string();
    assert!(error.contains("`http://***@i`"), "{error}");
}

#[test]
fn spring_levels_in_any_case_and_rust_log_wins() {
    let filter = |env: &[_]| lookup(env).log().map(|log| log.filter);
    assert_eq!(filter(&[("logging.level.root", "fatal")]).unwrap(), "error");
    assert_eq!(filter(&[("LOGGING_LEVEL_ROOT", "Off")]).unwrap(), "off");
    let env = [("logging.level.root", "DEBUG"), ("RUST_LOG", "warn,kube=info")];
    assert_eq!(filter(&env).unwrap(), "warn,kube=info");
    let error = filter(&[("logging.level.root", "loud")]).unwrap_err().to_string();
    assert!(error.contains("TRACE, DEBUG, INFO"), "{error}");
    let error = filter(&[("RUST_LOG", "kube=loud")]).unwrap_err().to_string();
    assert!(error.starts_with("RUST_LOG = `kube=loud`"), "{error}");
    assert_eq!(filter(&[("RUST_LOG", "")]).unwrap(), "info");
}

#[test]
fn namespaces_are_checked() {
    let watching = |list| lookup(&[("watch.namespaces", list)]).watching();
    assert_eq!(watching("a, b").unwrap().namespaces, ["a", "b"]);
    let error = watching("a,B").unwrap_err().to_string();
    assert!(error.contains("`B` cannot be a namespace"), "{error}");
}

#[test]
fn the_unused_watch_rate_is_noticed() {
    let watching = lookup(&[("pod.controller.watch.rate", "100")]).watching().unwrap();
    assert!(watching.unused_watch_rate.is_some());
}
